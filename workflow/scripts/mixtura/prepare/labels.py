"""Labels: what a column holds, and the words that prompts, models and people use for it.

A value is matched as it is written; else 4.0 is 4, true and yes are one, false and no are one, and
a named class answers to its number.
"""

import re
from collections.abc import Iterable, Mapping

import polars as pl

from mixtura.prepare.settings import LONGEST

MOST = 500  # different labels: more are hardly labels
TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def value_of(label: object) -> str:
    """The text of a label's value: true of a truth value, 4 of 4.0, text without outer spaces."""
    if isinstance(label, bool):
        return str(label).lower()
    return re.sub(r"^([+-]?\d+)\.0+$", r"\1", " ".join(str(label).split()))


def learnt_labels(column: pl.Series) -> dict[str, str]:
    """The labels of a column, each its own word (or the start of it), by name.

    True, TRUE and true are one. Raises ValueError where they are fewer than two, more than `MOST`,
    alike in all that is read of them, or of another encoding.
    """
    words: dict[str, str] = {}
    for value in sorted(set(_values(column).drop_nulls()) - {""}):
        words.setdefault(value.lower() if value.lower() in TRUTH else value, value)
    values = list(words.values())
    if broken := [value for value in values if "\ufffd" in value]:
        raise ValueError(
            f"column {column.name!r}: label {broken[0]!r} is not UTF-8 (task.data.encoding names "
            "another encoding)"
        )
    if not 2 <= len(values) <= MOST:
        shown = ", ".join(map(repr, values[:3])) or "nothing"
        raise ValueError(
            f"column {column.name!r} holds {len(values)} different labels ({shown}"
            f"{', ...' if len(values) > 3 else ''}); allowed: 2 to {MOST}"
        )
    short = {value: value[:LONGEST].strip() for value in values}
    if len(set(short.values())) < len(values):
        raise ValueError(
            f"column {column.name!r}: two labels begin with the same {LONGEST} characters; name a "
            "column with shorter labels, or give each its word in task.labels"
        )
    return short


def alike(labels: Iterable[str]) -> list[list[str]]:
    """Labels that differ by case alone, those that are alike together."""
    groups: dict[str, list[str]] = {}
    for label in labels:
        groups.setdefault(label.casefold(), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def label_words(column: pl.Series, labels: Mapping[str, str]) -> pl.Series:
    """The word for each value of a column; null where `labels`, value -> word, has none."""
    exact = {value_of(value): word for value, word in labels.items()}
    truths: dict[bool, set[str]] = {True: set(), False: set()}
    for value, word in exact.items():
        if (truth := TRUTH.get(value.lower())) is not None:
            truths[truth].add(word)
    words = dict(exact)
    values = _values(column)
    for value in values.drop_nulls().unique():
        truth = TRUTH.get(value.lower())
        if value not in exact and truth is not None and len(truths[truth]) == 1:
            words |= dict.fromkeys([value], *truths[truth])
    if isinstance(column.dtype, pl.Enum):
        names = column.dtype.categories.to_list()
        numbered = {
            value_of(name): exact[str(number)]
            for number, name in enumerate(names)
            if str(number) in exact
        }
        words = numbered | words
    return values.replace_strict(words, default=None, return_dtype=pl.String)


def _values(column: pl.Series) -> pl.Series:
    """Values as text: of each different one once, for a column may be long."""
    texts = column.cast(pl.String)
    plain = {text: value_of(text) for text in texts.drop_nulls().unique()}
    return texts.replace_strict(plain, default=None, return_dtype=pl.String)
