"""Fetch a model once: check it, keep safetensors only, and write where it came from."""

from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.job import Job
from mixtura.prepare.fetch import fetch_model
from mixtura.prepare.settings import ModelSettings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake, ModelSettings)
job.say(f"fetching {job.settings}")
job.done(**fetch_model(job.settings, Path(snakemake.output[0]), snakemake.params.content))
