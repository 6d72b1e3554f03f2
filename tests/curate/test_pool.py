import numpy as np
import polars as pl
import pytest

from mixtura.curate.pool import curate, embeddings_of, protected_rows
from mixtura.curate.receipts import RECEIPT
from mixtura.curate.settings import Curation

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
INPUTS = {
    "real": REAL,
    "protected": TEST,
    "embeddings": VECTORS,
    "real_embeddings": VECTORS[[4]] * 3,
    "protected_embeddings": np.eye(8)[[7]],
}
FULL = {
    "exact": True,
    "filters": {"length": {"min_words": 3}, "refusal": {}, "pii": None},
    "fuzzy": {"threshold": 0.7},
    "semantic": {"threshold": 0.95},
    "decontaminate": {"ngram": 8, "similarity": 0.9},
}
OFF = {"exact": False, "filters": {}, "fuzzy": None, "semantic": None, "decontaminate": None}


def variant(**steps):
    """A curation with these steps alone."""
    return Curation(**OFF | steps)


def test_every_step_removes_its_row():
    remaining, removed, counts = curate(POOL, variant(**FULL), **INPUTS)
    assert remaining.rows() == [("kept", TEXTS["kept"])]
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
    _, removed, counts = curate(pool, variant(filters={"length": {"min_words": 2, "max_words": 4}}))
    assert counts.rows() == [
        (0, "broken", "empty text", 5, 1, 3),
        (0, "broken", "null text", 5, 1, 3),
        (1, "length", "fewer than 2 words", 3, 1, 1),
        (1, "length", "more than 4 words", 3, 1, 1),
    ]
    assert counts["removed"].sum() == len(removed)


def test_without_steps_only_broken_rows_go():
    remaining, removed, _ = curate(POOL, variant(), **INPUTS)
    assert len(remaining) == 6
    assert removed["id"].to_list() == ["broken"]


def test_real_rows_need_not_count_as_duplicates():
    remaining, removed, _ = curate(POOL, variant(**FULL, against_real=False), **INPUTS)
    assert set(removed["stage"]) == {"broken", "length", "fuzzy", "decontaminate"}
    # what resembles the real row resembles the other that does
    assert removed.filter(stage="fuzzy")["kept_id"].is_in(["exact", "fuzzy"]).all()
    assert {"kept", "semantic"} < set(remaining["id"]) < {"kept", "semantic", "exact", "fuzzy"}


def test_order_and_shards_change_nothing():
    expected = curate(POOL, variant(**FULL), **INPUTS)
    order = np.random.default_rng(0).permutation(7)
    shards = [POOL[part.tolist()] for part in np.array_split(order, 2)]
    result = curate(pl.concat(shards), variant(**FULL), **{**INPUTS, "embeddings": VECTORS[order]})
    for a, b in zip(expected, result, strict=True):
        assert a.write_csv() == b.write_csv()


@pytest.mark.parametrize(
    ("settings", "inputs", "message"),
    [
        ({"dedup": True}, INPUTS, "dedup\n  Extra inputs"),
        ({"fuzzy": {"treshold": 0.7}}, INPUTS, "fuzzy.treshold\n  Extra inputs"),
        ({"exact": {"threshold": 1}}, INPUTS, "exact\n  Input should be a valid boolean"),
        ({"semantic": {}}, {}, "semantic needs embeddings"),
        ({"semantic": {}}, {"real": REAL, "embeddings": VECTORS}, "needs real_embeddings"),
        ({"decontaminate": {}}, {}, "needs protected"),
        (FULL, {**INPUTS, "embeddings": VECTORS[:3]}, "3 embeddings for 7 rows"),
    ],
)
def test_wrong_settings_and_missing_data_are_refused(settings, inputs, message):
    with pytest.raises(ValueError, match=message):
        curate(POOL, variant(**settings), **inputs)


def test_embeddings_come_in_the_order_of_the_rows():
    table = pl.DataFrame({"id": ["b", "a"], "embedding": np.eye(2)})
    rows = pl.DataFrame({"id": ["a", "b"]})
    assert embeddings_of(rows, table).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="row 'b' has no embedding"):
        embeddings_of(rows, table[1:])


def test_the_rows_of_all_test_sets_and_the_examples_are_protected():
    data = pl.DataFrame({"id": list("abcd"), "text": list("ABCD"), "label": ["x"] * 4})
    splits = pl.DataFrame({"id": list("abcd"), "split": ["pool", "test", "pool", "reference"]})
    shifted = pl.DataFrame({"id": ["b", "z"], "text": ["B", "Z"], "label": ["y"] * 2})
    rows = protected_rows(data, splits, data[2:3], [shifted])
    assert rows.rows() == [("b", "B"), ("c", "C"), ("z", "Z")]
