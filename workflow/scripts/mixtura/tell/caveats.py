"""What a reader should know of the data and the jobs before the numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

LEAST_CUT = 0.01  # a smaller share of texts that are cut is not worth a sentence
PARTS = {"predictions": "runs", "diversity": "measures", "generation": "generated rows"}
CONTRADICTIONS = {"leave-out": "all are left out", "keep": "they stay, a row for each label"}


def caveats(
    data: Mapping[str, Mapping[str, Any]], tables: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """A paragraph for each, none where there is nothing to say.

    `data` maps the data of the task and the other test sets to what is written about them, `tables`
    those of `PARTS`: "parts" has the versions of each package that wrote a part of the table, "cut"
    of predictions the shares of cut texts of each model (`mixtura.train.cuts`), "judge" what scored
    the answers (`mixtura.infer.evaluation.about_judge`).
    """
    paragraphs = []
    for name, about in data.items():
        if count := about.get("contradicting"):
            paragraphs.append(
                f"{count} rows of {name} have a text that also has another label; "
                f"{CONTRADICTIONS[about['contradictions']]} (`task.contradictions`)."
            )
    for model, shares in tables["predictions"]["cut"].items():
        if max(shares.values()) > LEAST_CUT:
            paragraphs.append(
                f"{model} does not read the end of long texts: {100 * shares['training']:.1f} % of "
                f"the training texts and {100 * shares['test']:.1f} % of the test texts, in the "
                f"run that cuts most. Raise `downstream.{model}.max_length` to read more."
            )
    if judge := tables["predictions"].get("judge"):
        paragraphs.append(_judge(judge))
    for name, part in PARTS.items():
        packages: Mapping[str, Sequence[str]] = tables[name]["parts"]
        mixed = [f"{package} {' and '.join(v)}" for package, v in packages.items() if len(v) > 1]
        if mixed:
            paragraphs.append(
                f"The {part} of this study were made with several versions of packages, "
                f"{', '.join(mixed)}: a difference between them may be one between versions. "
                "`packages: rerun` makes them anew where a version changes."
            )
    return paragraphs


def _judge(judge: Mapping[str, Any]) -> str:
    area, low, high = judge["area"]
    silent = f" {judge['unanswered']:,} of {judge['answers']:,} answers get no score: these are 0."
    return (
        f"`judge_score` is what the generator {judge['judge']} says of each answer, without the "
        f"right one: 1 to 5, brought to 0 to 1. It ranks the right answers to {judge['checked']} "
        f"test rows above those to other rows with an area of {area:.2f} [{low:.2f}, {high:.2f}], "
        "where 0.5 is chance; its own errors are in no interval."
        + (silent if judge["unanswered"] else "")
    )
