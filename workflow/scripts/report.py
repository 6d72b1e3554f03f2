"""Write the report: one HTML file that opens offline."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mixtura.core.files import write_text
from mixtura.core.sets import set_of
from mixtura.core.tables import read_about, read_table
from mixtura.curate.tables import Curated, Removed
from mixtura.job import Job
from mixtura.measure.tables import Embeddings
from mixtura.prepare.provenance import provenance_of
from mixtura.prepare.tables import Examples
from mixtura.tell.report import render_report, stage_times, versions
from mixtura.tell.settings import ReportSettings
from mixtura.tell.tables import TABLES
from mixtura.tell.texts import SetTexts, browser

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, files = Job(snakemake, ReportSettings), snakemake.input
sets = (  # read one after the other: together they may be large
    SetTexts(set_of(paths[0]), *map(read_table, paths, (Curated, Removed, Embeddings)))
    for paths in zip(files.curated, files.removed, files.embedded, strict=True)
)
examples = {
    Path(file).stem: (read_table(file, Examples), read_table(vectors, Embeddings))
    for file, vectors in zip(files.examples, files.embedded_examples, strict=True)
}
left_out = read_about(files.data).get("left_out", {}) | read_about(files.splits)["left_out"]
html = render_report(
    snakemake.params.template,
    snakemake.params.library,
    study=job.settings.study,
    absent=job.settings.absent,
    tables={name: read_table(files[name], TABLES[name]) for name in TABLES if files.get(name)},
    figures={Path(file).stem: Path(file).read_text(encoding="utf-8") for file in files.figures},
    texts=browser(sets, len(files.curated), examples),
    provenance=provenance_of(files.models),
    times=stage_times(Path(snakemake.params.benchmarks)),
    notes=read_about(files.findings)["notes"],
    versions=versions(),
    left_out=left_out,
)
write_text(snakemake.output.page, html)
write_text(snakemake.output.study, json.dumps(job.settings.study, indent=1))
job.done(bytes=len(html))
