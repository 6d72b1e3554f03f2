"""Splits fit to the last row, and not beyond."""

import pytest

from mixtura.prepare.sizes import TooFew, label_sizes, largest_sizes

COUNTS = {"common": 6, "rare": 2}


def test_splits_take_what_those_before_leave_to_the_last_row() -> None:
    sizes = label_sizes(COUNTS, {"test": (4, "natural"), "reference": (4, "natural")})
    assert sizes == {name: {"common": 3, "rare": 1} for name in ("test", "reference")}
    sizes = label_sizes(COUNTS, {"test": (4, "natural"), "reference": (2, "equal")})
    assert sizes["reference"] == {"common": 1, "rare": 1}


def test_the_first_split_that_does_not_fit_is_named() -> None:
    with pytest.raises(TooFew, match="4 rows are left for reference, 5 needed"):
        label_sizes(COUNTS, {"test": (4, "natural"), "reference": (5, "natural")})
    with pytest.raises(TooFew, match="label 'rare' has 1 rows left for reference, 2 needed"):
        label_sizes(COUNTS, {"test": (4, "natural"), "reference": (4, "equal")})


@pytest.mark.parametrize(("wanted", "largest"), [(8, 5), (4, 4), (1, 1)])
def test_the_largest_size_that_fits_is_no_larger_than_wanted(wanted: int, largest: int) -> None:
    assert largest_sizes(COUNTS, {"test": (wanted, "equal")}) == {"test": largest}
    assert largest_sizes({"common": 0, "rare": 0}, {"test": (wanted, "equal")}) == {"test": 0}


def test_splits_shrink_in_proportion() -> None:
    sizes = largest_sizes(COUNTS, {"test": (8, "natural"), "reference": (8, "natural")})
    assert sizes == {"test": 4, "reference": 4}
