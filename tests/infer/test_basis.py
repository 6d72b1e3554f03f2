"""The columns of the surface are lines and bends of mean 0 and mean square 1."""

import numpy as np
import pytest

from mixtura.infer.surface.basis import (
    AMOUNT,
    DIVERSITY,
    HEIGHT,
    amount_of,
    basis_of,
    rows_of,
)


def test_three_values_have_a_line_and_a_bend_two_a_line_one_nothing() -> None:
    covariates = np.array([[-1.0, 0.0], [0.0, 4.0], [1.0, 0.0]])
    basis = basis_of(covariates)
    assert basis.effects.tolist() == [HEIGHT, DIVERSITY, DIVERSITY, AMOUNT]
    height, line, bend, amount = basis.at(covariates).T
    assert height.tolist() == [1, 1, 1]
    assert line == pytest.approx(np.array([-1, 0, 1]) * np.sqrt(1.5))
    assert bend == pytest.approx(np.array([1, -2, 1]) / np.sqrt(2))
    assert amount == pytest.approx(np.array([-1, 2, -1]) / np.sqrt(2))
    assert basis.low.tolist() == [-1, 0] and basis.high.tolist() == [1, 4]


def test_two_values_that_nearly_agree_make_no_bend() -> None:
    covariates = np.column_stack([[3.02, 3.168, 3.171], np.zeros(3)])
    assert basis_of(covariates).effects.tolist() == [HEIGHT, DIVERSITY]
    covariates[1, 0] = 3.1
    assert basis_of(covariates).effects.tolist() == [HEIGHT, DIVERSITY, DIVERSITY]
    many = np.column_stack([np.linspace(0, 1, 200), np.zeros(200)])
    assert basis_of(many).effects.tolist() == [HEIGHT, DIVERSITY, DIVERSITY]


def test_a_bend_holds_nothing_of_its_line_where_the_values_are_skewed() -> None:
    covariates = np.column_stack([np.zeros(5), [0.0, 1.0, 2.0, 5.0, 9.0]])
    basis = basis_of(covariates)
    assert basis.effects.tolist() == [HEIGHT, AMOUNT, AMOUNT]
    columns = basis.at(covariates)
    assert columns.T @ columns / 5 == pytest.approx(np.eye(3), abs=1e-9)


@pytest.mark.parametrize(("added", "amount"), [(True, np.log(2)), (False, 2 / 3)])
def test_an_amount_and_its_rows_are_one(added: bool, amount: float) -> None:
    generated, real = np.array([64.0]), np.array([32.0])
    alone = real if added else generated + real
    assert amount_of(generated, real, added) == pytest.approx([amount])
    assert rows_of(amount_of(generated, real, added), real, alone, added) == pytest.approx([64])
