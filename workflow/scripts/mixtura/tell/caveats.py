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
    of predictions the shares of cut texts of each model (`mixtura.train.cuts`).
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
