"""Back-translation: real rows in another language and back (Sennrich, Haddow and Birch 2016)."""

from collections.abc import Callable
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
from mixtura.generate.summary import TOKENS
from mixtura.generate.tidy import tidy

ROUNDS = 3  # times that a row is translated at most for each row that it is to give


def back_translations(
    real: pl.DataFrame,
    settings: TranslateSettings,
    backend: Backend,
    resume: Path,
    say: Callable[[str], None],
) -> pl.DataFrame:
    """Answers (table Answers) about real rows (id, text) in turn, until there are n new texts.

    `judged` is the text that came back, `test` how often the row was asked about before. Raises
    ValueError where too few come back.
    """
    order = real.sort("id")
    rounds = ROUNDS * -(-settings.n // order.height)
    texts = pl.concat(
        order.select(pl.lit(str(place)).alias("test"), "id", "text") for place in range(rounds)
    )
    compute = partial(translated, settings=settings, backend=backend)
    size = min(settings.generator.batch_size, settings.n)
    answers = in_parts(texts, size, compute, _new_texts, settings.n, resume, say)
    if (count := _new_texts(answers)) < settings.n:
        raise ValueError(
            f"designs.alternatives.back-translation.n: {settings.n} rows are wanted, and "
            f"{answers.height} translations gave {count} new texts; lower it, or raise the "
            "temperature of the generator"
        )
    return answers


def translated(texts: pl.DataFrame, settings: TranslateSettings, backend: Backend) -> pl.DataFrame:
    """Answers about some texts (test, id, text); a text that is lost half way is not paid twice."""
    there = _completions(texts, settings.pivot, settings, backend)
    between = texts.with_columns(text=pl.Series([each.text for each in there], dtype=pl.String))
    whole = pl.Series([bool(each.text.strip()) and not each.fault for each in there])
    back = iter(_completions(between.filter(whole), settings.language, settings, backend))
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


def translation_prompt(text: str, language: str, chat: bool) -> str:
    """The prompt that asks for a text in a language; a completion goes on in one line."""
    if chat:
        return f"Translate the text into {language}. Answer with the translation alone.\n\n{text}"
    return f"Text: {' '.join(text.split())}\nThe same text in {language}:"


def _completions(
    texts: pl.DataFrame, language: str, settings: TranslateSettings, backend: Backend
) -> list[Completion]:
    """What comes of texts in a language, without what assistants put around a text."""
    if texts.is_empty():
        return []
    chat = settings.generator.format == "chat"
    prompts = [translation_prompt(text, language, chat) for text in texts["text"]]
    seeds = [
        stream_seed(settings.seed, "translate", language, *row)
        for row in texts.select("test", "id").rows()
    ]
    completions = backend.complete(prompts, settings.generator.sampling, seeds)
    return [_tidy(each, language) for each in completions] if chat else completions


def _tidy(completion: Completion, language: str) -> Completion:
    text, fault = tidy(completion.text, "classification", [language, "translation"])
    return replace(completion, text=text, fault=completion.fault or fault)


def _new_texts(answers: pl.DataFrame) -> int:
    return answers.filter(pl.col("judged") != "")["judged"].n_unique()
