"""H1: does the gain rise and then fall with diversity?"""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl

from mixtura.infer.differences import Difference
from mixtura.infer.hypotheses.axes import LEVEL, axes, widest
from mixtura.infer.hypotheses.cells import Cells, cells_of, over_replicates, spread_over_replicates
from mixtura.infer.hypotheses.gains import SET, Gains
from mixtura.infer.hypotheses.rows import HypothesisRow, estimated, not_testable, row_of
from mixtura.infer.metrics import Array
from mixtura.infer.spread import p_value


def bends(gains: Gains, diversity: pl.DataFrame) -> Iterator[HypothesisRow]:
    """The middle against both ends, in the order of the level and of the measured diversity."""
    cells = cells_of(gains, [*SET, "step", "source"])
    most = widest(cells.strata("source"))
    if most < 3:
        yield row_of("H1", cells, x=LEVEL, **not_testable("3 levels of a source or more", most))
        return
    for name, x, some in axes(cells, diversity):
        sources = some.strata("source")
        long = [here for at in np.unique(sources) if (here := sources == at).sum() > 2]
        if not long:
            continue
        ladders = [ladder(x[:, here], some.only(here)) for here in long]
        yield _bend(name, ladders, some.only(np.logical_or.reduce(long)))
        for here, contrasts in zip(long, ladders, strict=True) if len(long) > 1 else ():
            yield _bend(name, [contrasts], some.only(here), tested=False)


def ladder(x: Array, cells: Cells) -> tuple[Array, Array, list[int]]:
    """Middle minus lowest and middle minus highest of one source, and the middles by place.

    The contrasts are (replicates, 1 + resamples); cells are ordered by x (replicates, cells) in
    each replicate. The middle of a replicate, for one half of the test rows, is the place between
    the ends with the best mean gain of the other replicates on the other half: what is compared
    had no part in the choice, so that the best of many is not taken for a peak.
    """
    order = np.argsort(x, axis=1, kind="stable")
    halves = np.take_along_axis(cells.halves, order[None, :, :, None], axis=2)
    replicates = halves.shape[1]
    seen = halves[..., 0]  # on the test rows themselves
    others = seen.sum(axis=1, keepdims=True) - seen if replicates > 1 else seen
    middles = 1 + np.argmax(others[::-1, :, 1:-1], axis=2)  # chosen on the other half
    middle = np.take_along_axis(halves, middles[..., None, None], axis=2)[:, :, 0]
    rise, fall = ((middle - halves[:, :, end]).mean(axis=0) for end in (0, -1))
    return rise, fall, middles.ravel().tolist()


def _bend(
    name: str,
    ladders: list[tuple[Array, Array, list[int]]],
    cells: Cells,
    tested: bool = True,
) -> HypothesisRow:
    """Both contrasts, averaged over sources; the test passes where each is shown.

    Source: intersection-union test, Berger 1982.
    """
    rises, falls, middles = zip(*ladders, strict=True)
    contrasts = [np.mean(rises, axis=0), np.mean(falls, axis=0)]
    results = [over_replicates(contrast, cells) for contrast in contrasts]
    least = min(results, key=lambda result: result.difference)
    p = np.nan
    if cells.replicates > 1:
        p = max(p_value(spread_over_replicates(contrast, cells), 1) for contrast in contrasts)
    columns = estimated(Difference(*least[:3], p), "middle minus the better end", tested=tested)
    rise, fall = (result.difference for result in results)
    places = Counter(place for of_ladder in middles for place in of_ladder)
    best = ", ".join(f"{place + 1} ({count} times)" for place, count in sorted(places.items()))
    columns["detail"] = (
        f"middle - lowest {rise:+.3f}, middle - highest {fall:+.3f}; place of the middle, "
        f"from 1 for the lowest: {best}"
    )
    return row_of("H1", cells, x=name, method="two contrasts", **columns)
