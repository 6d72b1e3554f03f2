"""The browser of the text: what it holds of each set, and that signs of control are seen."""

import numpy as np
import polars as pl

from mixtura.core.sets import SetKey
from mixtura.tell.texts import LONGEST, SetTexts, browser, shortened

KEYS = [SetKey("writer", "topic", level, draw) for level in ("D0", "D6") for draw in ("r0", "r1")]


def vectors(rows: dict[str, list[float]]) -> pl.DataFrame:
    kind = pl.Array(pl.Float32, 2)
    return pl.DataFrame({"id": list(rows), "embedding": pl.Series(list(rows.values()), dtype=kind)})


def test_control_characters_are_shown_and_long_texts_end() -> None:
    assert shortened("a\x00b\x1b[31m\x7f\nc\td") == "a␀b␛[31m␡\nc\td"
    assert shortened("x" * (LONGEST + 1)) == "x" * LONGEST + "…"
    assert shortened(None) == ""


def test_rows_have_their_nearest_real_text_and_removed_ones_their_reason() -> None:
    curated = pl.DataFrame(
        {"id": ["b", "a"], "text": ["second", "first"], "label": ["no", "yes"], "answer": ["x", ""]}
    )
    removed = pl.DataFrame(
        {"id": ["c"], "text": ["\x00gone"], "stage": ["fuzzy"], "reason": ["similar"]}
    )
    embedded = vectors({"a": [3.0, 0.0], "b": [0.6, 0.8]})
    real = pl.DataFrame({"id": ["q", "p"], "text": ["real q", "real p"]})
    examples = {draw: (real, vectors({"p": [0.0, 2.0], "q": [1.0, 0.0]})) for draw in ("r0", "r1")}
    sets = (SetTexts(key, curated, removed, embedded) for key in KEYS)
    output = browser(sets, len(KEYS), examples)
    assert output["sets"][1] == ["writer, topic", "D0", "r1"]
    assert output["real"] == ["real q", "real p"] * 2
    assert [row for row in output["rows"] if row[0] == 1] == [
        [1, "yes", "first", 2, 1.0, ""],
        [1, "no", "second\nanswer: x", 3, 0.8, ""],
        [1, "", "␀gone", None, None, "fuzzy: similar"],
    ]


def test_many_sets_share_the_room_of_the_page() -> None:
    rows = pl.DataFrame({"id": [f"{at:04}" for at in range(3000)]})
    rows = rows.with_columns(text=pl.lit("t"), label=pl.lit("x"))
    kind = pl.Array(pl.Float32, 2)
    embedded = rows.select("id", embedding=pl.Series(np.ones((3000, 2)), dtype=kind))
    removed = rows.head(0).with_columns(stage=pl.lit(""), reason=pl.lit(""))
    examples = {draw: (rows.head(1), embedded.head(1)) for draw in ("r0", "r1")}
    output = browser([SetTexts(key, rows, removed, embedded) for key in KEYS], 4, examples)
    assert [sum(row[0] == at for row in output["rows"]) for at in range(4)] == [1000] * 4
