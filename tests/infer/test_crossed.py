"""The variance of a gain has the parts of a two-way analysis, by hand."""

import numpy as np
import pytest

from mixtura.infer.crossed import parts_of

ALIKE = [[[3.0, 0.0, -3.0]], [[3.0, 0.0, -3.0]]]  # (replicates, comparisons, groups of test rows)
APART = [[[3.0, 0.0, -3.0]], [[1.0, 0.0, -1.0]]]
NONE = np.zeros(2, dtype=bool)


def test_rows_that_replicates_agree_on_add_to_the_variance_of_replicates() -> None:
    parts = parts_of(np.array([[0.1], [0.3]]), np.array(ALIKE), np.zeros(1), NONE[:1])
    assert parts.mean == pytest.approx([0.2])
    # a variance of 0.02 over two replicates; 18 over 3 x 2 groups
    assert [*parts.common, *parts.specific, *parts.rows] == pytest.approx([0.01, 0.0, 3.0])
    assert parts.error == pytest.approx([np.sqrt(3.01)])
    assert (parts.freedom, parts.row_freedom) == (1, 2)


@pytest.mark.parametrize(("last", "common", "rows"), [(0.2, 0.01, 4 / 3 - 0.01), (2.0, 1.0, 1.0)])
def test_what_both_parts_hold_counts_once(last: float, common: float, rows: float) -> None:
    # 4 of squared deviations over 1 x 2 x 2 x 3 is a third: as much of 4 / 3 is no row's own
    means = np.array([[0.0], [last]])
    parts = parts_of(means, np.array(APART), np.zeros(1), NONE[:1])
    assert [*parts.common, *parts.rows] == pytest.approx([common, rows])


def test_folds_widen_the_part_of_replicates() -> None:
    means = np.array([[0.0], [2.0]])
    parts = parts_of(means, np.array(ALIKE), np.zeros(1), NONE[:1], overlap=0.5)
    assert parts.common == pytest.approx([1.0 * (1 + 2 * 0.5)])


def test_comparisons_have_a_part_in_common_and_a_specific_one() -> None:
    means, influence = np.array([[0.0, 0.0], [2.0, 4.0]]), np.repeat(ALIKE, 2, axis=1)
    parts = parts_of(means, influence, np.arange(2), NONE)
    assert parts.common == pytest.approx([2.25, 2.25])
    assert parts.specific == pytest.approx([0.25, 0.25])
    # together the mean of their variances over two replicates, 2 / 2 and 8 / 2
    assert (parts.common + parts.specific).mean() == pytest.approx((1 + 4) / 2)
    assert parts.correlation == pytest.approx(np.ones((2, 2)))


def test_a_comparison_that_lacks_a_replicate_is_never_surer_than_its_peers() -> None:
    means, influence = np.array([[0.0, np.nan], [2.0, 4.0]]), np.repeat(ALIKE, 2, axis=1)
    influence[0, 1] = np.nan
    parts = parts_of(means, influence, np.arange(2), NONE)
    assert parts.mean == pytest.approx([1, 4])
    assert parts.common == pytest.approx([1, 2])
    assert parts.rows == pytest.approx([3, 3])
