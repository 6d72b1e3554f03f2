import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mixtura.balance import take_balanced
from mixtura.curate import curate
from mixtura.text import RECEIPT

REAL = pl.DataFrame(
    {"id": ["real0"], "text": ["the camera loves this actor in every single scene"]}
)
TEST = pl.DataFrame(
    {"id": ["test0"], "text": ["a quiet film about two brothers and the river they grew up by"]}
)
TEXTS = {
    "broken": " ",
    "exact": "The camera loves this actor in every single scene!",
    "length": "dull",
    "fuzzy": "the camera loves this actor in every single scenes",
    "semantic": "nothing alike in words",
    "decontaminate": "They call it a quiet film about two brothers and the river they grew up by.",
    "kept": "an honest comedy with a slow start",
}
POOL = pl.DataFrame({"id": list(TEXTS), "text": list(TEXTS.values())})
VECTORS = np.eye(8)[:7]
GIVEN = {
    "real": REAL,
    "protected": TEST,
    "embeddings": VECTORS,
    "real_embeddings": VECTORS[[4]] * 3,
    "protected_embeddings": np.eye(8)[[7]],
}
FULL = {
    "exact": True,
    "filters": {"length": {"min_words": 3}, "refusal": True, "pii": False},
    "fuzzy": {"threshold": 0.7},
    "semantic": {"threshold": 0.95},
    "decontaminate": {"ngram": 8, "similarity": 0.9},
}


def test_every_step_removes_its_row():
    kept, removed, counts = curate(POOL, FULL, **GIVEN)
    assert kept.rows() == [("kept", TEXTS["kept"])]
    assert removed.schema == RECEIPT
    assert (removed["stage"] == removed["id"]).all() and len(removed) == 6
    lost_to = dict(removed.select("id", "kept_id").drop_nulls().iter_rows())
    assert lost_to == {
        "exact": "real0",
        "fuzzy": "real0",
        "semantic": "real0",
        "decontaminate": "test0",
    }
    assert counts.select("stage", "rows_in", "removed", "rows_out").rows() == [
        ("broken", 7, 1, 6),
        ("exact", 6, 1, 5),
        ("length", 5, 1, 4),
        ("refusal", 4, 0, 4),
        ("fuzzy", 4, 1, 3),
        ("semantic", 3, 1, 2),
        ("decontaminate", 2, 1, 1),
    ]
    assert counts.filter(removed=0)["reason"].to_list() == [None]


def test_counts_hold_one_row_per_reason():
    texts = ["one", "one two three four five", "one two", " ", None]
    pool = pl.DataFrame({"id": list("abcde"), "text": texts})
    _, removed, counts = curate(pool, {"filters": {"length": {"min_words": 2, "max_words": 4}}})
    assert counts.rows() == [
        (0, "broken", "empty text", 5, 1, 3),
        (0, "broken", "null text", 5, 1, 3),
        (1, "length", "fewer than 2 words", 3, 1, 1),
        (1, "length", "more than 4 words", 3, 1, 1),
    ]
    assert counts["removed"].sum() == len(removed)


@pytest.mark.parametrize("settings", [{}, dict.fromkeys(FULL), dict.fromkeys(FULL, False)])
def test_without_steps_only_broken_rows_go(settings):
    kept, removed, _ = curate(POOL, settings, **GIVEN)
    assert len(kept) == 6
    assert removed["id"].to_list() == ["broken"]


def test_real_rows_need_not_count_as_duplicates():
    kept, removed, _ = curate(POOL, {**FULL, "against_real": False}, **GIVEN)
    assert set(removed["stage"]) == {"broken", "length", "fuzzy", "decontaminate"}
    # what resembles the real row resembles the other that does
    assert removed.filter(stage="fuzzy")["kept_id"].is_in(["exact", "fuzzy"]).all()
    assert {"kept", "semantic"} < set(kept["id"]) < {"kept", "semantic", "exact", "fuzzy"}


def test_order_and_shards_change_nothing():
    expected = curate(POOL, FULL, **GIVEN)
    order = np.random.default_rng(0).permutation(7)
    shards = [POOL[part.tolist()] for part in np.array_split(order, 2)]
    got = curate(pl.concat(shards), FULL, **{**GIVEN, "embeddings": VECTORS[order]})
    for a, b in zip(expected, got, strict=True):
        assert a.write_csv() == b.write_csv()


@pytest.mark.parametrize(
    ("settings", "given", "message"),
    [
        ({"dedup": True}, GIVEN, "'dedup' is unknown"),
        ({"fuzzy": {"treshold": 0.7}}, GIVEN, "no setting 'treshold'"),
        ({"exact": {"threshold": 1}}, GIVEN, "no setting 'threshold'"),
        ({"semantic": True}, {}, "semantic needs embeddings"),
        ({"semantic": True}, {"real": REAL, "embeddings": VECTORS}, "needs real_embeddings"),
        ({"decontaminate": True}, {}, "needs protected"),
        (FULL, {**GIVEN, "embeddings": VECTORS[:3]}, "3 embeddings for 7 rows"),
    ],
)
def test_wrong_settings_and_missing_data_are_refused(settings, given, message):
    with pytest.raises(ValueError, match=message):
        curate(POOL, settings, **given)


def labelled(**counts):
    labels = [label for label, n in counts.items() for _ in range(n)]
    return pl.DataFrame(
        {
            "id": [f"r{i:02}" for i in range(len(labels))],
            "text": [f"text {i}" for i in range(len(labels))],
            "label": labels,
            "index": range(len(labels), 0, -1),
        }
    )


def test_take_balanced_takes_the_first_of_each_label():
    frame = labelled(neg=6, pos=4)
    taken = take_balanced(frame, 5)
    assert taken["label"].value_counts().sort("label").rows() == [("neg", 3), ("pos", 2)]
    assert taken["index"].to_list() == [1, 2, 5, 6, 7]
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)
    assert_frame_equal(take_balanced(shuffled, 5), taken)


def test_take_balanced_says_what_is_short():
    with pytest.raises(ValueError, match=r"neg: 6 of 4, pos: 2 of 4$"):
        take_balanced(labelled(neg=6, pos=2), 8)
    with pytest.raises(ValueError, match=r"neg: 6 of 2, pos: 0 of 2$"):
        take_balanced(labelled(neg=6), 4, labels=["pos", "neg"])
    with pytest.raises(ValueError, match="cannot take 0"):
        take_balanced(labelled(neg=6), 0)
    with pytest.raises(ValueError, match="'index' is missing"):
        take_balanced(labelled(neg=6).drop("index"), 2)
