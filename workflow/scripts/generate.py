"""Generate one shard, batch by batch; a killed job goes on after its last finished batch."""

from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.backends import BACKENDS
from mixtura.dials import DIALS
from mixtura.generate import ROWS, batches, check_shard, complete_batch
from mixtura.prompting import render, template_text
from mixtura.streams import stream_seed
from mixtura.tables import write_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, generator = job.settings, job.settings["generator"]
specs = DIALS[settings["dial"]](
    settings["level"],
    examples=pl.read_parquet(snakemake.input.examples).rows(),
    labels=settings["labels"],
    shots=generator["shots"],
    first=settings["first"],
    prompts=settings["prompts"],
    stream=settings["stream"],
)
template = template_text(generator["prompt"])
prompts = [render(template, spec, settings["noun"]) for spec in specs]
backend = BACKENDS[generator["backend"]](snakemake.input.model)
origin = "/".join(str(part) for part in settings["stream"])
parts = []
job.resume.mkdir(parents=True, exist_ok=True)
work = batches(prompts, generator["batch_size"])
for number, places in enumerate(work, start=1):
    part = job.resume / f"{number}.parquet"
    if not part.exists():
        made = complete_batch(
            [specs[place] for place in places],
            [prompts[place] for place in places],
            lambda batch, seed: backend.complete(batch, generator["sampling"], seed),
            origin,
            stream_seed(0, *settings["stream"], settings["shard"], "batch", number),
        )
        write_table(made, part)
    parts.append(pl.read_parquet(part, schema=ROWS))
    job.say(f"batch {number} of {len(work)}")
rows = pl.concat(parts).sort("index")
check_shard(rows)
write_table(
    rows.filter(pl.col("reason").is_null()).drop("reason"), snakemake.output.rows, **settings
)
write_table(rows.filter(pl.col("reason").is_not_null()), snakemake.output.rejected, empty=True)
job.done(rows=rows.height, new_tokens=rows["new_tokens"].sum())
