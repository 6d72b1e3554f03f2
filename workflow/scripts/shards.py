"""Generation of a run of prompts, batch by batch: what `generate` and `top_up` share.

What the rows depend on goes into the metadata of their file, so that the same run gives the same
bytes; what differs from run to run (seconds) goes into the statistics of the job.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from header import Job
from mixtura.backends import Backend, open_backend
from mixtura.dials import given_rows, load_dial
from mixtura.generate import batches, columns, complete_batch, counted
from mixtura.model_digest import model_digest
from mixtura.prompting import example_fields, render
from mixtura.streams import stream_seed
from mixtura.tables import added, read_lines, write_table

Settings = Mapping[str, Any]


def open_generator(job: Job, settings: Settings, running: Settings, folder: str | None) -> Backend:
    """The backend of a generator, with `running`, the options that change no answer."""
    start = time.monotonic()
    backend = open_backend(settings["generator"], folder, running)
    job.stats["load_seconds"] = round(time.monotonic() - start, 3)
    return backend


def make_rows(
    job: Job,
    settings: Settings,
    examples: pl.DataFrame,
    lines: Sequence[str],
    backend: Backend,
    first: int,
    prompts: int,
) -> pl.DataFrame:
    """Rows (`mixtura.generate.columns`) of prompts `first` to `first + prompts` of a level.

    Each finished batch is kept in the job's resume folder: a killed job goes on after it. A row's
    seed comes from the level and its index: it is the same in whatever shard it is made.
    """
    generator, stream = settings["generator"], settings["stream"]
    kind, noun = settings["kind"], settings["noun"]
    known, dial = example_fields(kind, examples), load_dial(settings["pipeline"])
    given = given_rows(settings, examples, read_lines(lines[0]) if lines else None)
    specs = dial.specify(settings["level"], given, range(first, first + prompts))
    template = generator["prompt"]
    texts = [render(template, spec, noun, known) for spec in specs]
    work = batches(texts, generator["batch_size"], [spec.sampling for spec in specs])
    parts, earlier = [], []
    for number, places in enumerate(work, start=1):
        part = job.resume / f"{first}-{number}.parquet"
        if not part.exists():
            start = time.monotonic()
            batch = [specs[place] for place in places]
            if hasattr(dial, "chain"):
                batch = dial.chain(settings["level"], given, batch, earlier)
            sampling = generator["sampling"] | batch[0].sampling
            made = complete_batch(
                batch,
                [render(template, spec, noun, known) for spec in batch],
                [stream_seed(0, *stream, spec.index, "answer") for spec in batch],
                lambda texts, seeds, how=sampling: backend.complete(texts, how, seeds),
                origin="/".join(str(name) for name in stream),
                kind=kind,
            )
            write_table(made, part, seconds=round(time.monotonic() - start, 3))
        parts.append(pl.read_parquet(part, schema=columns(kind)))
        about = json.loads(pl.read_parquet_metadata(part)["mixtura"])
        job.stats = added(job.stats, {"generate_seconds": about["seconds"]})
        job.say(f"batch {number} of {len(work)}")
        accepted = parts[-1].filter(pl.col("reason").is_null())
        earlier += accepted["id", "text", "label"].rows()
        known |= example_fields(kind, accepted)
    return pl.concat(parts).sort("index")


def write_rows(
    job: Job,
    rows: pl.DataFrame,
    settings: Settings,
    backend: Backend,
    folder: str | None,
    accepted: str | Path,
    rejected: str | Path,
) -> pl.DataFrame:
    """Write rows that parse to `accepted`, which come back, and the others to `rejected`."""
    counts = counted(rows)
    about = {
        **settings,
        "model_digest": model_digest(Path(folder)) if folder else None,
        "versions": backend.about,
        "accepted": counts["parsed"] / counts["prompts"],
    }
    is_parsed = pl.col("reason").is_null()
    parsed = rows.filter(is_parsed).drop("reason")
    write_table(parsed, accepted, **about)
    write_table(rows.filter(~is_parsed), rejected, empty=True, **about)
    job.stats = added(job.stats, counts)
    return parsed
