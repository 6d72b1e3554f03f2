"""The confirmation in words."""

import polars as pl

from labelled import replicated
from mixtura.infer.findings import findings
from mixtura.infer.surface.tables import Surface
from mixtura.tell.confirm import confirmation_text


def test_the_fresh_gain_stands_beside_the_one_that_was_named(rng) -> None:
    predictions, arms = replicated(rng)
    table = findings(predictions, arms, ["accuracy"])
    types = Surface.types()
    row = {
        **{"kind": "mix", "model": "m", "metric": "accuracy", "test": "test", "arm": "D1"},
        **{"n_real": 50.0, "recommended": True, "gain": 0.2, "low": 0.1, "high": 0.3},
    }
    surface = pl.DataFrame([{name: row.get(name) for name in types}], types)
    text = confirmation_text(table, surface, [4, 5, 6, 7])
    row = table.filter(arm="D1").row(0, named=True)
    assert "numbers 4 to 7" in text
    assert (
        f"- **m, 50 real + 100 generated, topic D1: accuracy gain {row['difference']:+.3f} "
        f"[{row['difference_low']:+.3f}, {row['difference_high']:+.3f}] over 50 real rows alone.** "
        "The study named +0.200 [+0.100, +0.300]." in text
    )
    assert "D2" not in text
