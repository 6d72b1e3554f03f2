"""A row of the table of hypotheses."""

import math
from dataclasses import dataclass
from typing import Any

from mixtura.infer.differences import Difference
from mixtura.infer.hypotheses.cells import Cells

NOT_TESTABLE = "not testable"
ONE_REPLICATE = "one replicate"


@dataclass(frozen=True, kw_only=True)
class HypothesisRow:
    """A test of a hypothesis, or what it lacks: a row of `mixtura.infer.tables.Hypotheses`."""

    hypothesis: str
    family: str
    model: str | None = None
    metric: str | None = None
    test: str | None = None
    design: str | None = None
    rows: str | None = None
    source: str | None = None
    x: str | None = None
    method: str | None = None
    quantity: str | None = None
    n: int | None = None
    replicates: int | None = None
    seeds: int | None = None
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    verdict: str | None = None
    detail: str | None = None


def row_of(hypothesis: str, cells: Cells, **columns: Any) -> HypothesisRow:
    """A test that rests on cells; its family is the hypothesis where no other is named."""
    source = None
    if "source" in cells.at.columns:
        sources = cells.at["source"].unique()
        source = sources[0] if len(sources) == 1 else "all"
    columns = {
        **{"family": hypothesis, "source": source, "n": cells.count},
        **{"replicates": cells.replicates, "seeds": cells.gains.seeds},
        **columns,
    }
    return HypothesisRow(hypothesis=hypothesis, **columns)


def estimated(
    result: Difference, quantity: str, expected: int = 0, tested: bool = True
) -> dict[str, Any]:
    """The columns of an estimate; expected is the sign that the hypothesis names, 0 for either.

    The verdict is the one that holds if the test passes; ONE_REPLICATE where there is no p-value,
    null for an estimate that is shown beside the one that is tested.
    """
    value, low, high, p = (None if math.isnan(number) else number for number in result)
    verdict = "opposite" if value is not None and value * expected < 0 else "supported"
    if value is None:
        return not_testable("values that vary", "none")
    if p is None:
        verdict = ONE_REPLICATE
    return {
        **{"quantity": quantity, "estimate": value, "low": low, "high": high},
        **{"p_value": p, "verdict": verdict if tested or p is None else None},
    }


def not_testable(requirement: str, present: Any) -> dict[str, Any]:
    """The columns of a question that the study cannot ask."""
    return {"verdict": NOT_TESTABLE, "detail": f"needs {requirement}, has {present}"}
