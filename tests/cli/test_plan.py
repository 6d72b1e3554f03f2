"""What `mixtura plan` says that a study sees; the command itself is tested in tests/workflow."""

from typing import Any

import pytest

from mixtura.cli.plan import sight_lines
from mixtura.plan.sets import Sets
from mixtura.study.load import load_study


def lines(study: dict[str, Any], target: float | None = None) -> list[str]:
    return sight_lines(Sets(load_study(study)), {"jobs": [], "directory": "."}, None, target)


@pytest.mark.workflow
def test_a_study_with_mixes_says_what_it_sees_and_what_would_see_a_target(
    tiny: dict[str, Any],
) -> None:
    alone, more = lines(tiny), lines(tiny, 0.03)
    assert alone[0].startswith("Shows in 80 of 100 studies (accuracy): 1 replicate")
    assert more[: len(alone)] == alone and len(more) > len(alone)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("mixtura.plan.power.planned_design", None),
        ("mixtura.cli.spreads.spreads_of", (None, "")),
    ],
)
def test_a_study_without_mixes_or_known_spreads_says_nothing(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, place: str, value: Any
) -> None:
    monkeypatch.setattr(place, lambda *arguments: value)
    assert lines(tiny, 0.03) == []
