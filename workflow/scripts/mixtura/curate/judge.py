"""A language model as judge: it says which label a text has, or how good a row is."""

import re
from collections.abc import Sequence

import polars as pl

from mixtura.core.streams import stream_seed
from mixtura.curate.quality import corrupted_rows, quality_prompt
from mixtura.curate.settings import READ, JudgeSettings
from mixtura.curate.tables import Answers
from mixtura.generate.backends.base import Backend
from mixtura.generate.structure import LABEL, label_form, read_parts, structured
from mixtura.generate.summary import TOKENS
from mixtura.prepare.settings import Kind

MARKS = re.compile(r"^(?:<\w+>|[^\w<]|_)+")  # before a label: quotes, brackets, a tag
BEFORE = re.compile(
    r"[^\n:]{0,40}\b(?:label|answer|category|class|sentiment|intent)\b[^\n:]{0,30}?(?:\bis\b|[:=→])",
    re.IGNORECASE,
)
SHOWN = 2  # real rows of each label that a judge of labels sees
LABEL_TOKENS = 8  # of a judge's answer, at least; a token holds two bytes or more


def shown_rows(real: pl.DataFrame, each: int = SHOWN) -> pl.DataFrame:
    """The real rows that a judge of labels is shown: the first `each` of every label by id.

    They come in the order of their ids, a hash, so that labels do not stand in blocks.
    """
    return real.sort("id").filter(pl.int_range(pl.len()).over("label") < each)


def rows_to_check(real: pl.DataFrame, kind: Kind) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The real rows that a judge is shown, and those that tell how good it is.

    A judge of quality is shown none: it is asked about all, and about all with a wrong answer.
    """
    if kind in READ:
        return real.clear(), pl.concat([real, corrupted_rows(real, kind)])
    shown = shown_rows(real)
    return shown, real.join(shown, on="id", how="anti", maintain_order="left")


def label_prompt(text: str, shown: pl.DataFrame, labels: Sequence[str], noun: str) -> str:
    """The prompt about one text; `shown` has the columns text and label."""
    choice = f"Each {noun} is {', '.join(labels[:-1])} or {labels[-1]}."
    pairs = [*shown.select("text", "label").iter_rows(), (text, "")]
    examples = (f"{noun.capitalize()}: {' '.join(t.split())}\nLabel: {label}" for t, label in pairs)
    return "\n\n".join([choice, *examples]).rstrip()


def answer_tokens(labels: Sequence[str]) -> int:
    """Longest answer of a judge of labels, tokens: as long as the longest label in any script."""
    return max(LABEL_TOKENS, *(len(label.encode()) // 2 for label in labels))


def parse_label(answer: str, labels: Sequence[str]) -> str:
    """The label that a judge's answer begins with, or that its JSON holds; "" where it has none.

    Marks around it and words such as "The label is" may stand before it.
    """
    answer = next(iter(read_parts(answer, [LABEL]) or [answer])).strip()
    for start in (answer, MARKS.sub("", answer), MARKS.sub("", BEFORE.sub("", answer, count=1))):
        matches = [label for label in labels if _begins(start, label)]
        if matches:
            return max(matches, key=len)
    return ""


def _begins(text: str, label: str) -> bool:
    """Whether a text begins with a label as a word: "no" is none in "not sure"."""
    if not text.casefold().startswith(label.casefold()):
        return False
    last, after = label[-1:], text[len(label) : len(label) + 1]
    # Scripts without upper case may go on with endings, or know no space between words.
    is_inside = all(sign.isdigit() or sign.lower() != sign.upper() for sign in (last, after))
    return not (after and is_inside)


def judge_labels(
    rows: pl.DataFrame, shown: pl.DataFrame, settings: JudgeSettings, backend: Backend
) -> pl.DataFrame:
    """(id, judged): the label that the judge names for each of some rows (id, text), "" for none.

    `shown` are the real rows of its prompt. The same row and seed get the same answer.
    """
    return label_answers(rows, shown, settings, backend).select("id", "judged")


def label_answers(
    rows: pl.DataFrame, shown: pl.DataFrame, settings: JudgeSettings, backend: Backend
) -> pl.DataFrame:
    """`judge_labels` with the tokens of each answer, and why it names no label."""
    if settings.kind in READ:
        prompts = [quality_prompt(row, settings.kind) for row in rows.iter_rows(named=True)]
    else:
        prompts = [label_prompt(t, shown, settings.labels, settings.noun) for t in rows["text"]]
    seeds = [stream_seed(settings.seed, "judge", row) for row in rows["id"]]
    generator, longest = settings.generator, answer_tokens(settings.labels)
    if generator.format == "chat":  # it ends itself, and may come after a thought
        longest = max(longest, generator.sampling.max_new_tokens)
    greedy = {"temperature": 0.0, "max_new_tokens": longest}
    form = label_form(settings.labels) if generator.structured else None
    sampling = structured(generator.sampling.model_copy(update=greedy), form)
    completions = backend.complete(prompts, sampling, seeds)
    answers = []
    for row, completion in zip(rows["id"], completions, strict=True):
        label = parse_label(completion.text, settings.labels)
        reason = None if label else completion.fault or ("no label" if completion.text else "empty")
        tokens = {name: getattr(completion, name) for name in TOKENS}
        answers.append({"id": row, "judged": label, "reason": reason, **tokens})
    schema = {name: kind for name, kind in Answers.types().items() if name != "test"}
    return pl.DataFrame(answers, schema)
