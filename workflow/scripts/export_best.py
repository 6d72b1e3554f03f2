"""Export the recommended mix, or the real rows alone where no mix is better."""

from typing import TYPE_CHECKING

from mixtura.core.files import write_text
from mixtura.core.tables import read_table, write_table
from mixtura.curate.tables import Curated
from mixtura.job import Job
from mixtura.prepare.provenance import provenance_of
from mixtura.prepare.tables import Splits, read_texts, with_generated
from mixtura.tell.export import best_mix, card, task_columns
from mixtura.tell.settings import ExportBestSettings
from mixtura.tell.tables import TABLES, Exported
from mixtura.train.mix import mix_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job, files = Job(snakemake, ExportBestSettings), snakemake.input
settings, data = job.settings, read_texts(files.data)
best = best_mix(read_table(files.findings, TABLES["findings"]), settings.metric)
mix = settings.mixes[best.arm]
recipe, texts, generated = None, data, None
if mix.n_generated:
    (name,) = mix.sets
    recipe = settings.recipes[name]
    file = next(file for file in files.generated if file.endswith(f"/{name}.parquet"))
    generated = read_table(file, Curated)
    texts = with_generated(data, [generated])
drawn = mix_rows(read_table(files.splits, Splits), generated, mix, 0, settings.first_seed)
rows = drawn.join(texts, on="id", how="left", maintain_order="left")
rows = task_columns(rows, data, settings.study.kind)
text = card(
    "the recommended mix" if recipe else "real rows alone",
    rows,
    settings.study,
    recipe,
    provenance_of(files.models),
    {name: read_table(files[name], TABLES[name]) for name in ("diversity", "shift", "curation")},
    best,
)
write_table(rows, snakemake.output.rows, Exported)
write_text(snakemake.output.card, text)
job.done(rows=rows.height, arm=best.arm)
