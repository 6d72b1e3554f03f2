"""Back-translation: real rows in another language and back (Sennrich, Haddow and Birch 2016)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from mixtura.core.streams import stream_seed
from mixtura.core.text import normalise
from mixtura.curate.classify import in_parts
from mixtura.curate.settings import TranslateSettings
from mixtura.curate.tables import Answers
from mixtura.generate.backends.base import Backend, Completion
from mixtura.generate.settings import LanguageModel
from mixtura.generate.summary import TOKENS
from mixtura.generate.tidy import tidy

ROUNDS = 3  # times that a row is translated at most for each row that it is to give


def back_translations(
    real: pl.DataFrame,
    settings: TranslateSettings,
    backends: Sequence[Backend],
    resume: Path,
    say: Callable[[str], None],
) -> pl.DataFrame:
    """Answers (table Answers) about real rows (id, text) in turn, until there are n new texts.

    The first of the backends translates there, the last one back.

    `judged` is the text that came back, `test` how often the row was asked about before. Raises
    ValueError where too few come back.
    """
    order = real.sort("id")
    rounds = ROUNDS * -(-settings.n // order.height)
    texts = pl.concat(
        order.select(pl.lit(str(place)).alias("test"), "id", "text") for place in range(rounds)
    )
    compute = partial(translated, settings=settings, backends=backends)
    size = min(settings.generator.batch_size, settings.n)
    answers = in_parts(texts, size, compute, _new_texts, settings.n, resume, say)
    if (count := _new_texts(answers)) < settings.n:
        reasons = answers["reason"].drop_nulls().value_counts(sort=True).rows()
        lost = ", ".join(f"{rows} {reason}" for reason, rows in reasons) or "the others repeat"
        raise ValueError(
            f"designs.alternatives.back-translation.n: {settings.n} rows are wanted, and "
            f"{answers.height} translations gave {count} new texts ({lost}); lower it, raise "
            "sampling.max_new_tokens of the generator where texts are unfinished, or its "
            "temperature where they come back alike"
        )
    return answers


def translated(
    texts: pl.DataFrame, settings: TranslateSettings, backends: Sequence[Backend]
) -> pl.DataFrame:
    """Answers about some texts (test, id, text); a text that is lost half way is not paid twice."""
    way = partial(_completions, model=settings.generator, backend=backends[0], seed=settings.seed)
    there = way(texts, settings.pivot, "there")
    between = texts.with_columns(text=pl.Series([each.text for each in there], dtype=pl.String))
    whole = pl.Series([bool(each.text.strip()) and not each.fault for each in there])
    model = settings.back or settings.generator
    way = partial(way, model=model, backend=backends[-1])
    back = iter(way(between.filter(whole), settings.language, "back"))
    steps_of = [[each, next(back)] if ok else [each] for each, ok in zip(there, whole, strict=True)]
    rows = []
    for (test, row, text), steps in zip(texts["test", "id", "text"].rows(), steps_of, strict=True):
        last = steps[-1]
        same = normalise(pl.Series([text, last.text]))
        fault = last.fault or ("" if last.text.strip() else "empty")
        fault = fault or ("unchanged" if same[0] == same[1] else "")
        tokens = {name: sum(getattr(step, name) for step in steps) for name in TOKENS}
        judged = "" if fault else last.text.strip()
        rows.append({"test": test, "id": row, "judged": judged, "reason": fault or None, **tokens})
    return pl.DataFrame(rows, Answers.types())


def translated_rows(answers: pl.DataFrame, real: pl.DataFrame, n: int) -> pl.DataFrame:
    """The first `n` different texts that came back: rows (text, label, source_id)."""
    rows = answers.filter(pl.col("judged") != "").unique(
        "judged", keep="first", maintain_order=True
    )
    joined = rows.head(n).join(real.select("id", "label"), on="id", maintain_order="left")
    return joined.select("label", text="judged", source_id="id")


def translation_prompt(text: str, language: str | None, model: LanguageModel) -> str:
    """The prompt that asks for a text in a language; a completion goes on in one line.

    A model that has its language gets the text alone.
    """
    if model.backend == "seq2seq":
        return text
    if model.format == "chat":
        return f"Translate the text into {language}. Answer with the translation alone.\n\n{text}"
    return f"Text: {' '.join(text.split())}\nThe same text in {language}:"


def _completions(
    texts: pl.DataFrame,
    language: str | None,
    way: str,
    model: LanguageModel,
    backend: Backend,
    seed: int,
) -> list[Completion]:
    """What comes of texts one way; a translation that is cut off is none."""
    if texts.is_empty():
        return []
    prompts = [translation_prompt(text, language, model) for text in texts["text"]]
    rows = texts.select("test", "id").rows()
    seeds = [stream_seed(seed, "translate", way, *row) for row in rows]
    completions = backend.complete(prompts, model.sampling, seeds)
    if model.format == "chat":
        completions = [_tidy(each, language or "") for each in completions]
    return [
        replace(each, fault=each.fault or "unfinished") if each.finish_reason == "length" else each
        for each in completions
    ]


def _tidy(completion: Completion, language: str) -> Completion:
    """The completion without what assistants put around a text."""
    text, fault = tidy(completion.text, "classification", [language, "translation"])
    return replace(completion, text=text, fault=completion.fault or fault)


def _new_texts(answers: pl.DataFrame) -> int:
    return answers.filter(pl.col("judged") != "")["judged"].n_unique()
