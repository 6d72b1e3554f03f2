"""One shard of a level: its prompts in batches, and the rows that come back.

What the rows depend on goes into the metadata of their file, so that the same run gives the same
bytes; what differs from run to run (seconds) goes into the statistics of the job.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.contents import content_digest
from mixtura.core.packages import PACKAGES, versions_in_use
from mixtura.core.streams import stream_seed
from mixtura.generate.backends.base import Backend
from mixtura.generate.batches import RAW, batches, complete_batch
from mixtura.generate.dials import chain, load_dial, read_level
from mixtura.generate.dials.base import Material, Prompt
from mixtura.generate.prompting import example_fields, render
from mixtura.generate.resume import finished_part
from mixtura.generate.settings import GenerateSettings
from mixtura.generate.structure import row_form, structured
from mixtura.generate.summary import TOKENS
from mixtura.prepare.label_sets import set_words


def generate_shard(
    settings: GenerateSettings,
    examples: pl.DataFrame,
    lines: Sequence[str] | None,
    backend: Backend,
    resume: Path,
    say: Callable[[str], None],
) -> tuple[pl.DataFrame, float]:
    """Rows (`mixtura.generate.batches.columns`) of the shard by index, and the seconds they took.

    `examples` are canonical rows, `lines` the list that the pipeline draws from, where it has one.
    Each finished batch lies in the folder `resume`: a killed job goes on after it. A row's seed
    comes from the level and its index: it is the same in whatever shard it is written.
    """
    generator, stream, kind = settings.generator, settings.stream, settings.kind
    dial = load_dial(settings.dial)
    level = read_level(dial, settings.level)
    material = dial_material(settings, examples, lines)
    fields = example_fields(kind, examples)
    sets = label_sets(settings, examples) if kind == "multilabel" else None
    rows: list[tuple[str, str, str]] = []  # accepted ones: id, text, label
    prompts = dial.specify(
        level, material, range(settings.first, settings.first + settings.prompts)
    )

    def text_of(prompt: Prompt) -> str:
        return render(generator.prompt, prompt, settings.noun, fields, generator.structured)

    def complete(places: list[int]) -> pl.DataFrame:
        batch = chain(dial, level, material, [prompts[place] for place in places], rows)
        sampling = generator.sampling.model_copy(update=batch[0].sampling)
        longest = sampling.max_new_tokens * batch[0].texts
        sampling = structured(
            sampling.model_copy(update={"max_new_tokens": longest}),
            row_form(kind) if generator.structured else None,
        )
        return complete_batch(
            batch,
            [text_of(prompt) for prompt in batch],
            [stream_seed(0, *stream, prompt.index, "answer") for prompt in batch],
            lambda texts, seeds: backend.complete(texts, sampling, seeds),
            origin="/".join(str(name) for name in stream),
            kind=kind,
            names=[settings.noun, *settings.labels] if generator.tidy else None,
            is_json=generator.structured,
            sets=sets,
        )

    texts = [text_of(prompt) for prompt in prompts]
    plan = batches(texts, generator.batch_size, [prompt.sampling for prompt in prompts])
    parts, total = [], 0.0
    for number, places in enumerate(plan, start=1):
        path = resume / f"{settings.first}-{number}.parquet"
        part, seconds = finished_part(path, partial(complete, places))
        parts.append(part)
        total += seconds
        say(f"batch {number} of {len(plan)}")
        accepted = part.filter(pl.col("reason").is_null())
        rows += labelled_texts(accepted, settings)
        fields |= example_fields(kind, accepted)
    return pl.concat(parts).sort("index"), total


def dial_material(
    settings: GenerateSettings, examples: pl.DataFrame, lines: Sequence[str] | None
) -> Material:
    """What the dial of a shard draws from: examples (canonical rows), and a list where it has one.

    `lines` (topics, personas) stand before the personas of the settings. Labels of kind multilabel
    are the sets of the examples, each as often as it is there: prompts ask for what real rows have.
    """
    rows = labelled_texts(examples, settings)
    return Material(
        rows,
        [label for _, _, label in rows] if settings.kind == "multilabel" else settings.labels,
        settings.generator.shots,
        settings.stream,
        lines or settings.dial.personas,
        list(dict.fromkeys(examples["context"])) if "context" in examples.columns else [],
        settings.language,
    )


def labelled_texts(rows: pl.DataFrame, settings: GenerateSettings) -> list[tuple[str, str, str]]:
    """(id, text, label) of rows; several labels are one that names them all."""
    if settings.kind == "multilabel":
        rows = rows.with_columns(label=set_words(rows["labels"], settings.no_label))
    return rows["id", "text", "label"].rows()


def label_sets(settings: GenerateSettings, examples: pl.DataFrame) -> dict[str, list[str]]:
    """What prompts call the labels of an example -> these labels."""
    words = set_words(examples["labels"], settings.no_label)
    return dict(zip(words, examples["labels"].to_list(), strict=True))


def split_rows(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of a shard that parse (table Generated), and the others (table Rejected)."""
    is_parsed = pl.col("reason").is_null()
    return rows.filter(is_parsed).drop("reason", RAW), rows.filter(~is_parsed).drop(RAW)


def shard_about(
    settings: GenerateSettings, rows: pl.DataFrame, backend: Backend, folder: str | None
) -> dict[str, Any]:
    """What a shard's files say about themselves; `folder` holds the model, where there is one."""
    counts = count_rows(rows)
    return {
        **settings.model_dump(mode="json"),
        "model_digest": content_digest(Path(folder)) if folder else None,
        "versions": backend.about,
        "packages": versions_in_use()
        | {name: backend.about[name] for name in PACKAGES if name in backend.about},
        "accepted": counts["parsed"] / rows.height,
    }


def count_rows(rows: pl.DataFrame) -> dict[str, Any]:
    """Counts of the rows of a shard: prompts, parsed, tokens, and rejected by reason."""
    reasons = rows["reason"].drop_nulls()
    return {
        "prompts": rows["seed"].n_unique(),  # one may have several rows
        "parsed": rows.height - len(reasons),
        "rejected": dict(sorted(reasons.value_counts().iter_rows())),
        **{name: int(rows[name].sum()) for name in TOKENS},
    }
