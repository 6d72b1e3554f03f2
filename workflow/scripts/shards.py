"""Generation of a run of prompts, batch by batch: what `generate` and `top_up` share."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from header import Job
from mixtura.backends import Backend
from mixtura.dials import load_dial
from mixtura.dials.base import Given
from mixtura.generate import ROWS, batches, complete_batch
from mixtura.prompting import render, template_text
from mixtura.streams import stream_seed
from mixtura.tables import read_lines, write_table


def make_rows(
    job: Job,
    settings: Mapping[str, Any],
    examples: pl.DataFrame,
    lines: Sequence[str],
    backend: Backend,
    first: int,
    prompts: int,
) -> pl.DataFrame:
    """Rows (columns ROWS) of prompts `first` to `first + prompts` of a level, by index.

    Each finished batch is kept in the job's resume folder: a killed job goes on after it. A row's
    seed comes from the level and its index: it is the same in whatever shard it is made.
    """
    generator, stream = settings["generator"], settings["stream"]
    shown, pipeline = examples["id", "text", "label"].rows(), settings["pipeline"]
    drawn = read_lines(lines[0]) if lines else pipeline.get("personas")
    given = Given(shown, settings["labels"], generator["shots"], stream, drawn)
    dial = load_dial(pipeline)
    specs = dial.specify(settings["level"], given, range(first, first + prompts))
    template = template_text(generator["prompt"])
    texts = [render(template, spec, settings["noun"]) for spec in specs]
    work = batches(texts, generator["batch_size"], [spec.sampling for spec in specs])
    parts, earlier = [], []
    for number, places in enumerate(work, start=1):
        part = job.resume / f"{first}-{number}.parquet"
        if not part.exists():
            batch = [specs[place] for place in places]
            if hasattr(dial, "chain"):
                batch = dial.chain(settings["level"], given, batch, earlier)
            sampling = generator["sampling"] | batch[0].sampling
            made = complete_batch(
                batch,
                [render(template, spec, settings["noun"]) for spec in batch],
                [stream_seed(0, *stream, spec.index, "answer") for spec in batch],
                lambda texts, seeds, how=sampling: backend.complete(texts, how, seeds),
                origin="/".join(str(name) for name in stream),
            )
            write_table(made, part)
        parts.append(pl.read_parquet(part, schema=ROWS))
        earlier += parts[-1].filter(pl.col("reason").is_null())["id", "text", "label"].rows()
        job.say(f"batch {number} of {len(work)}")
    return pl.concat(parts).sort("index")
