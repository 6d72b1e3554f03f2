"""Ask a language model for the labels of one pool, and of real rows, which tell how good it is."""

import json
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.backends import open_backend
from mixtura.judge import LABEL_TOKENS, label_prompt, parse_label, shown_rows
from mixtura.streams import stream_seed
from mixtura.tables import write_table
from pool import read_pool

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, generator = job.settings, job.settings["generator"]
labels, size = settings["labels"], generator["batch_size"]
real = pl.read_parquet(snakemake.input.examples)
shown = shown_rows(real)
pool = read_pool(snakemake.input.shards, snakemake.input.more).select("id", "text")
rows = pl.concat([pool, real.join(shown, on="id", how="anti").select("id", "text")])
running = json.loads(snakemake.params.running)
backend = open_backend(generator, next(iter(snakemake.input.model), None), running)
sampling = {**generator["sampling"], "temperature": 0.0, "max_new_tokens": LABEL_TOKENS}
parts = []
for start in range(0, rows.height, size):
    part = job.resume / f"{start}.parquet"
    if not part.exists():
        batch = rows[start : start + size]
        prompts = [label_prompt(text, shown, labels, settings["noun"]) for text in batch["text"]]
        seeds = [stream_seed(settings["seed"], "judge", row) for row in batch["id"]]
        answers = [parse_label(c.text, labels) for c in backend.complete(prompts, sampling, seeds)]
        write_table(batch.select("id", judged=pl.Series(answers, dtype=pl.String)), part)
    parts.append(pl.read_parquet(part))
    job.say(f"{min(start + size, rows.height)} of {rows.height} texts")
judged = pl.concat(parts)
write_table(judged, snakemake.output[0], **settings)
job.done(rows=judged.height, unanswered=judged.filter(judged="").height)
