"""Ask a generator for topics until there are enough different ones; one a line."""

import json
from typing import TYPE_CHECKING

import polars as pl

from header import Job
from mixtura.backends import open_backend
from mixtura.dials.base import Given
from mixtura.dials.topic import ask, parse_topics
from mixtura.prompting import render
from mixtura.streams import stream_seed
from mixtura.tables import whole

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

PROMPTS = 4  # most prompts for each topic that is wanted

job = Job(snakemake)
settings, generator, stream = job.settings, job.settings["generator"], job.settings["stream"]
examples, wanted = pl.read_parquet(snakemake.input.examples), settings["topics"]
labels = examples["label"].unique().sort().to_list()
given = Given(examples["id", "text", "label"].rows(), labels, generator["shots"], stream)
running = json.loads(snakemake.params.running)
backend = open_backend(generator, next(iter(snakemake.input.model), None), running)
job.resume.mkdir(parents=True, exist_ok=True)
found: dict[str, None] = {}
first = 0
while len(found) < wanted and first < PROMPTS * wanted:
    part = job.resume / f"{first}.txt"
    if not part.exists():
        specs = ask(given, range(first, first + generator["batch_size"]))
        prompts = [render(generator["prompt"], spec, settings["noun"]) for spec in specs]
        seeds = [stream_seed(0, *stream, spec.index, "answer") for spec in specs]
        answers = backend.complete(prompts, generator["sampling"], seeds)
        topics = [
            topic
            for spec, answer in zip(specs, answers, strict=True)
            for topic in parse_topics(answer.text, answer.finish_reason, spec.fields["shown"])
        ]
        with whole(part) as file:
            file.write_text("\n".join(topics), encoding="utf-8")
    found |= dict.fromkeys(part.read_text(encoding="utf-8").splitlines())
    first += generator["batch_size"]
    job.say(f"{len(found)} of {wanted} topics from {first} prompts")
if len(found) < wanted:
    raise ValueError(
        f"{first} prompts gave {len(found)} different topics of {wanted} wanted; lower the highest "
        f"`topics`, or raise the temperature. Some are: {', '.join(list(found)[:9])}"
    )
with whole(snakemake.output[0]) as file:
    file.write_text("\n".join([*list(found)[:wanted], ""]), encoding="utf-8")
job.done(topics=wanted, prompts=first)
