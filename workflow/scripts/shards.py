"""Generation of a run of prompts, batch by batch: what `generate` and `top_up` share."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from header import Job
from mixtura.backends import Backend
from mixtura.dials import DIALS
from mixtura.generate import ROWS, batches, complete_batch
from mixtura.prompting import render, template_text
from mixtura.streams import stream_seed
from mixtura.tables import write_table


def make_rows(
    job: Job,
    settings: Mapping[str, Any],
    examples: pl.DataFrame,
    backend: Backend,
    first: int,
    prompts: int,
) -> pl.DataFrame:
    """Rows (columns ROWS) of prompts `first` to `first + prompts` of a level, by index.

    Each finished batch is kept in the job's resume folder: a killed job goes on after it. A row's
    seed comes from the level and its index alone, so it is the same in whatever shard it is made.
    """
    generator, stream = settings["generator"], settings["stream"]
    specs = DIALS[settings["dial"]](
        settings["level"],
        examples=examples.select("id", "text", "label").rows(),
        labels=settings["labels"],
        shots=generator["shots"],
        first=first,
        prompts=prompts,
        stream=stream,
    )
    template = template_text(generator["prompt"])
    texts = [render(template, spec, settings["noun"]) for spec in specs]
    work = batches(texts, generator["batch_size"])
    parts = []
    for number, places in enumerate(work, start=1):
        part = job.resume / f"{first}-{number}.parquet"
        if not part.exists():
            made = complete_batch(
                [specs[place] for place in places],
                [texts[place] for place in places],
                [stream_seed(0, *stream, specs[place].index, "answer") for place in places],
                lambda batch, seeds: backend.complete(batch, generator["sampling"], seeds),
                origin="/".join(str(name) for name in stream),
            )
            write_table(made, part)
        parts.append(pl.read_parquet(part, schema=ROWS))
        job.say(f"batch {number} of {len(work)}")
    return pl.concat(parts).sort("index")
