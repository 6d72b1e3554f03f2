"""Export one generated set: its rows and its card."""

from typing import TYPE_CHECKING

from mixtura.core.files import write_text
from mixtura.core.tables import read_table, write_table
from mixtura.curate.tables import Curated
from mixtura.job import Job
from mixtura.prepare.provenance import provenance_of
from mixtura.prepare.tables import read_texts
from mixtura.tell.export import card, task_columns
from mixtura.tell.settings import ExportSettings
from mixtura.tell.tables import TABLES, Exported

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, files = Job(snakemake, ExportSettings), snakemake.input
study = job.settings.study
data = read_texts(files.data).head(0)
rows = task_columns(read_table(files.rows, Curated), data, study.kind)
text = card(
    " ".join(snakemake.wildcards),
    rows,
    study,
    job.settings.recipe,
    provenance_of(files.models),
    {name: read_table(files[name], TABLES[name]) for name in ("diversity", "shift", "curation")},
)
write_table(rows, snakemake.output.rows, Exported)
write_text(snakemake.output.card, text)
job.done(rows=rows.height)
