"""Classic augmentation: real rows with words replaced, inserted, swapped and deleted.

Source: Wei and Zou 2019, EDA. Their synonyms are of WordNet, for English alone; here the words that
replace others, or come in, are those of the other real rows of the same label.
"""

import random
from collections.abc import Callable, Sequence

import polars as pl

from mixtura.core.streams import stream_seed
from mixtura.core.text import normalise
from mixtura.core.words import WORD
from mixtura.curate.settings import EdaSettings

TRIES = 20  # of another text than there are, before one may stand twice

Words = list[str]
Operation = Callable[[Words, int, Sequence[str], random.Random], Words]


def eda_rows(real: pl.DataFrame, settings: EdaSettings) -> pl.DataFrame:
    """`n` rows (text, label, source_id) made of the real rows (id, text, label) in turn.

    A label has the proportion of the real rows, to one row.
    """
    vocabulary: dict[str, Words] = {}
    for text, label in real.select("text", "label").iter_rows():
        vocabulary.setdefault(label, []).extend(WORD.findall(text))
    seen = set(normalise(real["text"]))
    rows = []
    for index in range(settings.n):
        source, text, label = real.select("id", "text", "label").row(index % real.height)
        rng = random.Random(stream_seed(settings.seed, "eda", source, index))
        for _ in range(TRIES):
            changed = augmented(text, settings.alpha, vocabulary[label], rng)
            key = normalise(pl.Series([changed]))[0]
            if key not in seen:
                break
        seen.add(key)
        rows.append((changed, label, source))
    return pl.DataFrame(rows, ["text", "label", "source_id"], orient="row")


def augmented(text: str, alpha: float, vocabulary: Sequence[str], rng: random.Random) -> str:
    """A text after one operation, drawn at random, on the share `alpha` of its words.

    What is between words stays where it is. A text without words stays as it is.
    """
    matches = list(WORD.finditer(text))
    if not matches:
        return text
    count = max(1, round(alpha * len(matches)))
    operation = rng.choice(OPERATIONS)
    words = operation([match.group() for match in matches], count, vocabulary, rng)
    ends = [0, *(match.end() for match in matches)]
    gaps = [text[end : match.start()] for end, match in zip(ends, matches, strict=False)]
    if not any(map(str.isspace, text)):  # of a script that puts none between words
        words = [word.replace(" ", "") for word in words]
    parts = [gap + word for gap, word in zip(gaps, words, strict=True) if word]
    return ("".join(parts) + text[ends[-1] :]).strip()


def _replace(words: Words, count: int, vocabulary: Sequence[str], rng: random.Random) -> Words:
    for place in rng.sample(range(len(words)), min(count, len(words))):
        words[place] = rng.choice(vocabulary)
    return words


def _insert(words: Words, count: int, vocabulary: Sequence[str], rng: random.Random) -> Words:
    for place in rng.choices(range(len(words)), k=count):
        words[place] += f" {rng.choice(vocabulary)}"
    return words


def _swap(words: Words, count: int, vocabulary: Sequence[str], rng: random.Random) -> Words:
    for _ in range(count):
        first, second = rng.choices(range(len(words)), k=2)
        words[first], words[second] = words[second], words[first]
    return words


def _delete(words: Words, count: int, vocabulary: Sequence[str], rng: random.Random) -> Words:
    """Words go, but the last one never does."""
    for place in rng.sample(range(len(words)), min(count, len(words) - 1)):
        words[place] = ""
    return words


OPERATIONS: tuple[Operation, ...] = (_replace, _insert, _swap, _delete)
