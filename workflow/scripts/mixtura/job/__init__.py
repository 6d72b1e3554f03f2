"""The door between Snakemake and the package.

In: what Snakemake gives a script. Out: typed settings, a log, statistics beside it, whole files.
Start reading in job.py. May import core alone; only scripts import this room.
"""

from mixtura.job.job import Job

__all__ = ["Job"]
