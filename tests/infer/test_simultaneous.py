"""Intervals of one comparison and of several together, beside the distributions that they have."""

import numpy as np
import pytest
from scipy import stats

from mixtura.infer.crossed import Parts
from mixtura.infer.simultaneous import infer, margin_alone

MANY = 1e6  # degrees of freedom: t is normal
BY_CHANCE = 0.04  # of the quantiles of 10,000 draws


def parts(mean: list[float], common: float = 0.0, rows: float = 0.0, **more: float) -> Parts:
    count = len(mean)
    freedoms = {"freedom": 0.0, "specific_freedom": 1.0, "row_freedom": MANY} | more
    return Parts(
        np.array(mean),
        np.full(count, common),
        np.zeros(count),
        np.full(count, rows),
        np.eye(count),
        **freedoms,
    )


@pytest.mark.parametrize(
    ("evidence", "error"),
    [
        (parts([5.0], rows=4.0, row_freedom=9), 2 * stats.t.ppf(0.975, 9)),
        (parts([5.0], common=4.0, freedom=4), 2 * stats.t.ppf(0.975, 4)),
        (parts([5.0], common=2.0, rows=2.0, freedom=MANY), 2 * stats.norm.ppf(0.975)),
    ],
)
def test_one_comparison_has_the_interval_of_t(evidence: Parts, error: float) -> None:
    result = infer(evidence, 0.95, 0.95, np.random.default_rng(1))
    for margin in (result.margin, result.margin_together, margin_alone(evidence, 0.95)):
        assert margin == pytest.approx([error], rel=BY_CHANCE)


def test_independent_comparisons_are_as_wide_as_sidak_says() -> None:
    result = infer(
        parts([0.0, 2.0, 3.0], rows=1.0), 0.95, 0.95, np.random.default_rng(2), 50_000, of_rows=True
    )
    width = stats.norm.ppf((1 + 0.95 ** (1 / 3)) / 2)
    assert result.margin_together == pytest.approx([width] * 3, rel=0.01)
    assert result.margin == pytest.approx([stats.norm.ppf(0.975)] * 3, rel=0.02)
    assert result.detectable == pytest.approx([width + stats.norm.ppf(0.8)] * 3, rel=0.01)
    alone = 2 * stats.norm.sf([0.0, 2.0, 3.0])
    together, last = 1 - (1 - alone) ** 3, 1 - (1 - alone[1]) ** 2
    assert result.p_value == pytest.approx(alone, abs=0.005)
    assert result.p_simultaneous == pytest.approx(together, abs=0.005)
    assert result.p_step_down == pytest.approx([alone[0], last, together[2]], abs=0.005)


def test_comparisons_with_all_in_common_are_no_wider_together() -> None:
    result = infer(parts([1.0, 1.0], common=1.0, freedom=5), 0.95, 0.95, np.random.default_rng(3))
    assert result.margin_together == pytest.approx(result.margin)
    assert result.p_simultaneous == pytest.approx(result.p_value)


def test_p_values_need_two_trainings_or_rows_as_evidence_and_are_never_zero() -> None:
    far = parts([99.0], rows=1.0)
    silent = infer(far, 0.95, 0.95, np.random.default_rng(4))
    assert np.isnan([*silent.p_value, *silent.p_step_down, *silent.detectable]).all()
    spoken = infer(far, 0.95, 0.95, np.random.default_rng(4), draws=999, of_rows=True)
    assert spoken.p_value == pytest.approx([1 / 1000])


@pytest.mark.parametrize(("level", "together"), [(0.0, 0.9), (0.9, 1.0), (1.0, 0.9), (0.9, 0.0)])
def test_levels_lie_between_0_and_1(level: float, together: float) -> None:
    with pytest.raises(ValueError, match="levels must lie between 0 and 1"):
        infer(parts([0.0], rows=1.0), level, together, np.random.default_rng(0))
