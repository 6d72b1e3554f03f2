"""Export the recommended mix, or the real rows alone where no mix is better."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.export import best_mix, card, own_columns
from mixtura.mix import mix_rows
from mixtura.tables import whole, write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
given, settings = snakemake.input, job.settings
study, data = settings["study"], pl.read_parquet(given.data)
best = best_mix(pl.read_parquet(given.findings), settings["metric"])
arm = settings["arms"][best["arm"]]
made, texts, generated = None, data, None
if arm["n_generated"]:
    name = "/".join(arm[key] for key in ("generator", "pipeline", "level"))
    made = settings["sets"][name]
    file = next(file for file in given.generated if file.endswith(f"/{name}.parquet"))
    generated = pl.read_parquet(file)
    texts = pl.concat([data, generated.select(data.columns)])
mix = mix_rows(pl.read_parquet(given.splits), generated, arm, settings["first_seed"])
rows = mix.join(texts, on="id", how="left", maintain_order="left")
rows = own_columns(rows, data, study["kind"])
text = card(
    "the recommended mix" if made else "real rows alone",
    rows,
    study,
    made,
    {
        Path(folder).name: json.loads(Path(folder, "provenance.json").read_text())
        for folder in given.models
    },
    {name: pl.read_parquet(given[name]) for name in ("diversity", "shift", "curation")},
    best,
)
write_table(rows, snakemake.output.rows)
with whole(snakemake.output.card) as file:
    file.write_text(text, encoding="utf-8")
job.done(rows=rows.height, arm=best["arm"])
