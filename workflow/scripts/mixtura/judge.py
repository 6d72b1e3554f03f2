"""A language model as judge: it says which texts belong together, and which label a text has."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from mixtura.backends.base import Completion
from mixtura.streams import stream_seed

ATTEMPTS = 5
SHOWN = 2  # real rows of each label that a judge of labels sees
LABEL_TOKENS = 8  # longest answer of a judge of labels
PROMPT = """Sort the texts into groups that are about the same thing. Answer with one line: the \
name of the group of each text, in order, separated by commas.

{texts}

Groups of the {count} texts: """


def shown_rows(real: pl.DataFrame, each: int = SHOWN) -> pl.DataFrame:
    """The real rows that a judge of labels is shown: the first `each` of every label by id.

    They come in the order of their ids, a hash, so that labels do not stand in blocks.
    """
    return real.sort("id").filter(pl.int_range(pl.len()).over("label") < each)


def label_prompt(text: str, shown: pl.DataFrame, labels: Sequence[str], noun: str) -> str:
    """What a judge is asked about one text; `shown` has the columns text and label."""
    told = f"Each {noun} is {', '.join(labels[:-1])} or {labels[-1]}."
    pairs = [*shown.select("text", "label").iter_rows(), (text, "")]
    asked = (f"{noun.capitalize()}: {' '.join(t.split())}\nLabel: {label}" for t, label in pairs)
    return "\n\n".join([told, *asked]).rstrip()


def parse_label(answer: str, labels: Sequence[str]) -> str:
    """The label that a judge's answer begins with, or "" where it begins with none."""
    begun = answer.strip(" .:\"'*\n\t").casefold()
    found = [label for label in labels if begun.startswith(label.casefold())]
    return max(found, key=len, default="")


def cluster_prompt(texts: list[str]) -> str:
    """What the judge is asked, texts on one numbered line each."""
    lines = (f"{place}. {' '.join(text.split())}" for place, text in enumerate(texts, start=1))
    return PROMPT.format(texts="\n".join(lines), count=len(texts))


def parse_groups(answer: str, count: int) -> list[str] | None:
    """The first `count` names in a judge's answer, by commas or else by spaces; None for fewer."""
    cut = answer.split(",") if "," in answer else answer.split()
    names = [name.strip(" .\t\n").casefold() for name in cut]
    names = [name for name in names if name]
    return names[:count] if len(names) >= count else None


def llm_judge(
    complete: Callable[[list[str], dict[str, Any], list[int]], list[Completion]],
    sampling: dict[str, Any],
    seed: int,
) -> Callable[[list[str]], list[str]]:
    """A function that gives each of some texts the name of its group, for `llm_cluster_score`.

    `complete` is a backend's method. The same texts and seed get the same answer. An answer
    without a name for every text is asked for again, `ATTEMPTS` times in all, then ValueError.
    """

    def cluster(texts: list[str]) -> list[str]:
        prompt = cluster_prompt(texts)
        for attempt in range(ATTEMPTS):
            drawn = stream_seed(seed, "judge", attempt, *texts)
            # A greedy judge would only repeat itself.
            warmer = {**sampling, "temperature": max(sampling["temperature"], 0.5 * attempt)}
            answer = complete([prompt], warmer, [drawn])[0].text
            if groups := parse_groups(answer, len(texts)):
                return groups
        raise ValueError(
            f"the judge did not name a group for each of {len(texts)} texts in {ATTEMPTS} "
            "attempts; raise its sampling.max_new_tokens or take another model. Its last answer: "
            f"{answer!r}"
        )

    return cluster
