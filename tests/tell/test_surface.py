"""The surface in words: an answer, what may be best, what has no shape."""

from typing import Any

import polars as pl
import pytest

from mixtura.infer.surface.tables import Surface
from mixtura.tell.surface import surface_text

SCOPE = {
    **{"model": "probe", "metric": "accuracy", "test": "test", "generator": "writer"},
    **{"pipeline": "topic", "form": "added", "axis": "level", "replicates": 5},
}


def mix(level: int, rows: float, gain: float, **more: Any) -> dict[str, Any]:
    row = {
        **{"kind": "mix", "arm": f"D{level} {rows}", "level": f"D{level}", "diversity": level},
        **{"n_real": 16.0, "n_generated": rows, "gain": gain, "low": gain - 0.04},
        **{"high": gain + 0.04, "best": False, "recommended": False},
        **{"loss": 0.08 - gain, "loss_low": 0.0, "loss_high": 0.1},
    }
    return SCOPE | row | more


def table(verdict: str, shape: str) -> pl.DataFrame:
    top = {"best": True, "recommended": True, "verdict": verdict}
    top |= {"control_gain": 0.05, "control_low": 0.01, "control_high": 0.09}
    peak = {
        **{"kind": "peak", "n_real": 16.0, "diversity": 3.2, "diversity_low": 1.0},
        **{"diversity_high": 5.0, "n_generated": 96.0, "n_generated_low": 48.0},
        **{"n_generated_high": 96.0, "verdict": shape},
    }
    limit = {"kind": "limit", "n_real": 40.0, "n_real_low": 20.0, "gain": 0.02}
    beyond = {
        **{"kind": "beyond", "n_real": 16.0, "n_generated": 192.0, "gain": 0.09, "low": 0.02},
        **{"high": 0.16, "law": "power law in all rows", "law_error": -0.011},
    }
    rows = [
        mix(0, 48.0, 0.0),
        mix(3, 48.0, 0.07, best=True),
        mix(0, 96.0, 0.01),
        mix(3, 96.0, 0.08, **top),
        *(SCOPE | row for row in (peak, limit, beyond)),
    ]
    types = Surface.types()
    return pl.DataFrame([{name: row.get(name) for name in types} for row in rows], types)


def test_a_shown_gain_is_named_with_what_stands_on_it() -> None:
    text = surface_text(table("gain shown", "shape shown"))[-1]
    assert (
        "**probe, 16 real rows: use topic at D3 with 96 generated rows added: accuracy gain "
        "+0.080 [+0.040, +0.120] over real data alone.**" in text
    )
    assert "Over its control, the same real rows repeated, it gains +0.050 [+0.010, +0.090]" in text
    assert "2 of 4 mixes may be the best: D3 with 96, D3 with 48." in text
    assert "Loss one step beside it: D0 +0.070 [+0.000, +0.100]; 48 rows +0.010" in text
    assert "highest at level 3.20 and 96 generated rows; joint 95 % region: 1.00 to 5.00" in text
    assert "is below 0.020 from 40 real rows on (95 %: 20 to more than 16)" in text
    assert (
        "**beyond what was tried**: 192 generated rows would gain +0.090 [+0.020, +0.160] by a "
        "power law in all rows, which erred by -0.011 on the 96 rows that it had not seen." in text
    )


def test_what_is_not_shown_is_no_advice() -> None:
    text = surface_text(table("too small to tell", "no shape"))[-1]
    assert "best is topic at D3" in text and "over real data alone: too small to tell.**" in text
    assert "Diversity has no shape here" in text


@pytest.mark.parametrize("empty", [pl.DataFrame(schema=Surface.types())])
def test_no_surface_says_nothing(empty: pl.DataFrame) -> None:
    assert surface_text(empty) == []
