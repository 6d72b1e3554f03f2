"""Whether splits of some sizes fit the rows that there are, and the largest that do."""

from collections.abc import Mapping

from mixtura.core.proportions import shares
from mixtura.prepare.settings import Proportion

Sizes = Mapping[str, tuple[int, Proportion]]  # split -> its rows, and the proportions of labels


class TooFew(ValueError):
    """A label has fewer rows than the splits need."""


def label_sizes(counts: Mapping[str, int], sizes: Sizes) -> dict[str, dict[str, int]]:
    """Split -> label -> rows, each split from what those before it leave.

    `counts` are the rows of each label. Raises TooFew that names the first split and label that
    do not fit.
    """
    left, parts = dict(counts), {}
    for name, (size, balance) in sizes.items():
        parts[name] = shares(size, left if balance == "natural" else dict.fromkeys(left, 1))
        if sum(left.values()) < size:
            raise TooFew(f"{sum(left.values())} rows are left for {name}, {size} needed")
        for label, rows in parts[name].items():
            if rows > left[label]:
                raise TooFew(
                    f"label {label!r} has {left[label]} rows left for {name}, {rows} needed"
                )
        left = {label: rows - parts[name][label] for label, rows in left.items()}
    return parts


def largest_sizes(counts: Mapping[str, int], sizes: Sizes) -> dict[str, int]:
    """The largest sizes in the proportion of `sizes` that fit, none larger than wanted."""

    def scaled(thousandths: int) -> dict[str, tuple[int, Proportion]]:
        return {name: (size * thousandths // 1000, b) for name, (size, b) in sizes.items()}

    def fits(thousandths: int) -> bool:
        try:
            label_sizes(counts, scaled(thousandths))
        except TooFew:
            return False
        return True

    best = next((part for part in range(1000, 0, -1) if fits(part)), 0)
    return {name: size for name, (size, _) in scaled(best).items()}


def fold_counts(counts: Mapping[str, int], folds: int) -> list[dict[str, int]]:
    """Of each fold, how many rows it has of each label; `counts` are the rows of each."""
    start, result = 0, [dict.fromkeys(counts, 0) for _ in range(folds)]
    for label in sorted(counts):
        for place in range(start, start + counts[label]):
            result[place % folds][label] += 1
        start += counts[label]
    return result
