"""A generator as classifier: labels of test rows, or of unlabelled text, after some real rows."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from mixtura.core.draw import shuffled
from mixtura.curate.alternatives import unlabelled_rows
from mixtura.curate.judge import label_answers
from mixtura.curate.settings import ClassifySettings
from mixtura.curate.tables import Answers
from mixtura.generate.backends.base import Backend
from mixtura.generate.resume import finished_part

UNLABELLED = "unlabelled"  # stands for the test set in answers about text without labels


def texts_to_classify(
    data: pl.DataFrame,
    splits: pl.DataFrame,
    shifted: Mapping[str, pl.DataFrame],
    rows: str,
    seed: int,
) -> pl.DataFrame:
    """(test, id, text): the rows of all test sets or, where `rows` says so, unlabelled text.

    The latter is in random order: a generator labels as many as are needed.
    """
    if rows == UNLABELLED:
        free = shuffled(unlabelled_rows(data, splits), seed, UNLABELLED)
        return free.select(pl.lit(UNLABELLED).alias("test"), "id", "text")
    test = data.join(splits.filter(split="test"), on="id", how="semi", maintain_order="left")
    sets = {"test": test, **{Path(file).stem: frame for file, frame in shifted.items()}}
    return pl.concat(
        frame.select(pl.lit(name).alias("test"), "id", "text") for name, frame in sets.items()
    )


def answers_in_parts(
    texts: pl.DataFrame,
    shown: pl.DataFrame,
    settings: ClassifySettings,
    backend: Backend,
    resume: Path,
    say: Callable[[str], None],
) -> pl.DataFrame:
    """Answers (table Answers) about the texts, in their order, until `settings.n` have a label.

    Each finished batch lies in the folder `resume`: a killed job goes on after it. Raises
    ValueError where too few texts get a label.
    """

    def labelled(batch: pl.DataFrame) -> pl.DataFrame:
        return batch.select("test").hstack(label_answers(batch, shown, settings, backend))

    size = settings.generator.batch_size
    answers = in_parts(texts, size, labelled, answered, settings.n, resume, say)
    if settings.n and answered(answers) < settings.n:
        raise ValueError(
            f"designs.alternatives.labelled.n: {settings.n} rows are wanted, and "
            f"{answered(answers)} of {texts.height} texts of task.unlabelled got a label; lower "
            "it, or give more text"
        )
    return answers


def in_parts(
    texts: pl.DataFrame,
    size: int,
    answer: Callable[[pl.DataFrame], pl.DataFrame],
    count: Callable[[pl.DataFrame], int],
    n: int | None,
    resume: Path,
    say: Callable[[str], None],
) -> pl.DataFrame:
    """What `answer` says to texts, `size` at a time, until `n` of them count, or to all.

    Each finished part lies in the folder `resume`: a killed job goes on after it.
    """
    answers = pl.DataFrame(schema=Answers.types())
    for start in range(0, texts.height, size):
        if n and count(answers) >= n:
            break
        compute = partial(answer, texts[start : start + size])
        part, _ = finished_part(resume / f"{start}.parquet", compute)
        answers = answers.vstack(part.select(answers.columns))
        end = min(start + size, texts.height)
        say(f"{end} of {texts.height} texts, {count(answers)} with an answer")
    return answers.rechunk()


def answered(answers: pl.DataFrame) -> int:
    """How many of the answers name a label or score."""
    return answers.filter(pl.col("judged") != "").height
