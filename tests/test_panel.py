import json
import math

import numpy as np
import polars as pl
import pytest
import torch
from polars.testing import assert_frame_equal

from mixtura import blocks, diversity, panel, shift
from mixtura.diversity_panel import DIVERSITY, diversity_panel
from mixtura.shift_panel import SHIFT, shift_panel
from mixtura.words import measure_name

RANDOM = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(300)]


def texts(n, random=RANDOM):
    return [" ".join(random.choice(WORDS, random.integers(6, 14))) for _ in range(n)]


N = 60
TEXTS, X = texts(N), RANDOM.normal(size=(N, 8)) + 1
REAL_TEXTS, REAL = texts(N), RANDOM.normal(size=(N, 8)) + 1
HELD_TEXTS, HELD = texts(N), RANDOM.normal(size=(N, 8)) + 1
LABELS = ["a", "b", "c"] * 20


def value(frame, measure, **settings):
    rows = [
        row
        for row in frame.filter(measure=measure).iter_rows(named=True)
        if settings.items() <= json.loads(row["settings"]).items()
    ]
    assert len(rows) == 1, rows
    return rows[0]


def test_every_measure_is_the_function_it_names():
    frame = diversity_panel(
        TEXTS, X, REAL, LABELS, [i // 2 for i in range(N)], repeats=0, measures=None,
        judge=lambda texts: texts,
    )  # fmt: skip
    assert set(frame["measure"]) == DIVERSITY.keys()
    assert frame["value"].null_count() == 0
    assert frame["low"].null_count() == frame.height
    assert value(frame, "dcscore", tau=0.05)["value"] == pytest.approx(
        diversity.dcscore(X, tau=0.05)
    )
    assert value(frame, "vendi_score", q="inf")["value"] == pytest.approx(
        diversity.vendi_score(X, math.inf)
    )
    assert value(frame, "novelsum", n_reference=N)["value"] == pytest.approx(
        diversity.novelsum(X, REAL)
    )
    assert value(frame, "distinct_n", n=2)["value"] == diversity.distinct_n(TEXTS, 2)
    assert value(frame, "self_bleu")["value"] == pytest.approx(diversity.self_bleu(TEXTS))
    assert value(frame, "topic_count")["value"] == 30
    assert value(frame, "llm_cluster_score")["value"] == 10
    assert value(frame, "label_entropy")["value"] == pytest.approx(math.log(3))


def test_every_shift_measure_and_its_floor():
    frame = shift_panel(
        REAL_TEXTS, REAL, TEXTS, X + 1, HELD_TEXTS, HELD, repeats=0, normalise=False,
        real_labels=LABELS, generated_labels=["a"] * N, held_out_labels=LABELS,
    )  # fmt: skip
    expected = (SHIFT.keys() - {"prdc", "mauve"}) | {
        "precision", "recall", "density", "coverage",
    }  # fmt: skip
    assert set(frame["measure"]) == expected
    found = value(frame, "mmd")
    # value and floor in one kernel, that of the real rows
    width = shift.median_bandwidth(REAL[::2], REAL[1::2])
    assert found["value"] == pytest.approx(shift.mmd(REAL, X + 1, width))
    assert found["floor"] == pytest.approx(shift.mmd(REAL, HELD, width))
    found = value(frame, "energy_distance")
    assert found["ratio"] == pytest.approx(found["value"] / found["floor"])
    assert found["ratio"] > 1.5
    assert value(frame, "recall")["value"] == pytest.approx(shift.prdc(REAL, X + 1)["recall"])
    assert value(frame, "label_shift")["value"] == pytest.approx(2 / 3)
    assert value(frame, "label_shift")["floor"] == 0
    assert value(frame, "label_shift")["ratio"] is None
    p = value(frame, "mmd_test")["p_value"]
    assert p < 0.05
    assert value(frame, "mmd")["p_value"] is None


def test_without_held_out_the_floor_is_null():
    frame = shift_panel(REAL_TEXTS, REAL, TEXTS, X, repeats=3, measures=["mmd", "prdc"])
    assert frame.height == 5
    for column in ("floor", "floor_low", "floor_high", "ratio"):
        assert frame[column].null_count() == 5
    assert frame["low"].null_count() == 0


def test_equal_n_for_all_sets():
    frame = shift_panel(
        REAL_TEXTS, REAL, TEXTS[:30], X[:30], HELD_TEXTS, HELD, repeats=0, measures=["c2st"]
    )
    assert frame["n"].to_list() == [30]
    frame = diversity_panel(TEXTS, X, n=40, repeats=2, measures=["dcscore", "distinct_n"])
    assert frame["n"].unique().to_list() == [40]


def test_n_draws_without_replacement():
    # Forty of forty orthogonal texts: any repeated row would lower the count of directions.
    frame = diversity_panel(None, np.eye(40), n=39, repeats=0, measures=["vendi_score"])
    assert value(frame, "vendi_score", q=1.0)["value"] == pytest.approx(39)


def test_same_seed_same_frame_and_another_seed_another():
    def run(seed):
        return diversity_panel(TEXTS, X, n=30, repeats=4, seed=seed, measures=["dcscore", "mtld"])

    assert run(1).equals(run(1))
    assert not run(1).equals(run(2))


def test_token_budget_bounds_the_rows_read():
    frame = diversity_panel(TEXTS, repeats=5, token_budget=100, measures=["distinct_n", "mattr"])
    found = value(frame, "distinct_n", n=1, tokens=100)
    assert 100 / 14 <= found["n"] <= 100 / 6 + 1
    assert found["low"] < found["value"] < found["high"]
    assert value(frame, "mattr")["n"] == N
    with pytest.raises(ValueError, match="token_budget"):
        diversity_panel(TEXTS, token_budget=10**6, measures=["distinct_n"])


def test_options_replace_defaults_and_lists_give_rows():
    frame = diversity_panel(
        TEXTS, X, repeats=2, measures=["dcscore", "knn_distance"],
        options={"dcscore": {"tau": [0.1, 0.2, 0.3]}, "knn_distance": {"k": [1, 2]}},
    )  # fmt: skip
    assert frame["measure"].to_list() == ["dcscore"] * 3 + ["knn_distance"] * 2
    assert value(frame, "knn_distance", k=2)["value"] == pytest.approx(diversity.knn_distance(X, 2))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"measures": ["dcscore", "sparkle"]}, "unknown measures sparkle: choose from dcscore, "),
        ({"options": {"sparkle": {}}}, "unknown measures sparkle"),
        ({"options": {"dcscore": {"temperature": 1}}}, "unknown options temperature for dcscore"),
        ({"measures": ["novelsum"]}, "novelsum needs reference"),
        ({"n": 61}, "between 1 and the 60"),
        ({"repeats": -1}, "repeats"),
        ({"labels": ["a"]}, "same number of rows"),
        ({"measures": ["knn_distance"], "options": {"knn_distance": {"k": 60}}}, "knn_distance: k"),
    ],
)
def test_mistakes_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        diversity_panel(TEXTS, X, **settings)


def test_nan_is_refused_and_empty_sets_too():
    broken = X.copy()
    broken[3, 3] = np.nan
    with pytest.raises(ValueError, match="generated embeddings must be finite"):
        diversity_panel(TEXTS, broken)
    with pytest.raises(ValueError, match="held-out embeddings must be finite"):
        shift_panel(None, X, None, X, None, broken)
    with pytest.raises(ValueError, match="at least 1"):
        diversity_panel([])


def test_what_a_small_set_does_not_define_is_null_with_the_reason():
    frame = diversity_panel(["one short text"], [[1.0, 2]], repeats=5)
    found = frame.filter(measure="mattr").row(0, named=True)
    assert found["value"] is None
    assert "the 3 tokens" in json.loads(found["settings"])["undefined"]
    assert value(frame, "dcscore", tau=1.0)["value"] == 1
    assert frame["value"].is_nan().sum() == 0
    assert frame["low"].null_count() == frame.height


def test_missing_labels_and_topics_are_left_out():
    frame = diversity_panel(TEXTS, labels=[None] * N, topics=[None] * N, repeats=0)
    assert not {"label_entropy", "topic_entropy", "topic_count"} & set(frame["measure"])


@pytest.mark.parametrize("subset", [40, 2_500])
@pytest.mark.parametrize("measure", ["mean_pairwise_distance", "vendi_score", "length_entropy"])
def test_intervals_hold_what_they_promise(measure, subset):
    """The interval's half width is t times the spread over fresh samples of the same size."""
    n, values, halves = 200, [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        sample = {"embeddings": random.normal(size=(n, 6)) + 0.5}
        sample["texts"] = [["a", "a b", "a b c"][i] for i in random.choice(3, n, p=[0.6, 0.3, 0.1])]
        options = {"vendi_score": {"q": 1.0}} if measure == "vendi_score" else {}
        row = diversity_panel(
            **sample, measures=[measure], repeats=10, seed=seed, subset=subset, options=options
        ).row(0, named=True)
        values.append(row["value"])
        halves.append((row["high"] - row["low"]) / 2)
    expected = 2.262 * np.std(values, ddof=1)
    assert np.sqrt(np.mean(np.square(halves))) == pytest.approx(expected, rel=0.3)


def test_intervals_stay_in_the_range_of_their_measure():
    random = np.random.default_rng(1)
    real, far = random.normal(size=(2, 40, 4))
    frame = shift_panel(
        TEXTS[:40], real, [f"{i} z" for i in range(40)], far + 30, TEXTS[:40], real[::-1],
        normalise=False, measures=["c2st", "prdc", "ngram_jensen_shannon", "mmd"],
        options={"c2st": {"folds": 2}}, repeats=6,
    )  # fmt: skip
    assert value(frame, "c2st")["value"] > 0.99
    for row in frame.iter_rows(named=True):
        least, most = panel.RANGES.get(row["measure"], (0, math.inf))
        for low, high in (("low", "high"), ("floor_low", "floor_high")):
            assert least <= row[low] <= row[high] <= most, row
    assert value(frame, "mmd")["floor_low"] < 0  # unbiased: its range goes below 0
    frame = diversity_panel(["a b", "c d"] * 3 + TEXTS[:6], X[:12], repeats=6)
    for row in frame.filter(pl.col("low").is_not_null()).iter_rows(named=True):
        least, most = panel.RANGES.get(row["measure"], (0, math.inf))
        assert least <= row["low"] <= row["value"] <= row["high"] <= most, row


def test_ranges_name_measures():
    names = {*DIVERSITY, *SHIFT, "precision", "recall", "coverage"} - {"prdc"}
    assert panel.RANGES.keys() <= names


def test_the_reference_is_clustered_once_for_all_subsets(monkeypatch):
    fits = []
    kmeans = diversity.embeddings.kmeans

    def counted(*arguments):
        fits.append(arguments)
        return kmeans(*arguments)

    monkeypatch.setattr(diversity.embeddings, "kmeans", counted)
    frame = diversity_panel(None, X, REAL, measures=["partition_entropy"], repeats=5)
    assert len(fits) == 1
    assert frame["value"][0] == pytest.approx(diversity.partition_entropy(X, REAL))


def test_a_long_reference_is_cut_and_its_length_recorded(monkeypatch):
    monkeypatch.setattr(panel, "REFERENCE_LIMIT", 20)
    frame = diversity_panel(None, X, REAL, measures=["facility_location"], repeats=0)
    assert json.loads(frame["settings"][0])["n_reference"] == 20
    assert frame["value"][0] == pytest.approx(diversity.facility_location(X, REAL[:20]))


def test_progress_names_each_measure():
    seen = []
    diversity_panel(TEXTS, X, repeats=0, measures=["mtld", "radius"], progress=seen.append)
    assert seen == ["mtld", "radius"]


def test_columns():
    frame = diversity_panel(TEXTS, repeats=2, measures=["mtld"])
    assert frame.columns == ["measure", "settings", "n", "repeats", "value", "low", "high"]
    frame = shift_panel(REAL_TEXTS, None, TEXTS, None, repeats=2, measures=["length_shift"])
    assert frame.columns[7:] == ["floor", "floor_low", "floor_high", "ratio", "p_value"]
    assert frame.schema["floor"] == pl.Float64


ON = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")),
]


@pytest.mark.parametrize("device", ON)
def test_panels_of_torch_tensors_are_those_of_arrays(device):
    def on(x):
        return torch.as_tensor(x.astype("f4"), device=device)

    expected = diversity_panel(TEXTS, X.astype("f4"), REAL.astype("f4"), repeats=2)
    frame = diversity_panel(TEXTS, on(X), on(REAL), repeats=2)
    assert_frame_equal(frame, expected, rel_tol=1e-5)
    floats = [x.astype("f4") for x in (REAL, X, HELD)]
    arguments = {"repeats": 2, "measures": [*SHIFT.keys() - {"label_shift"}]}
    expected = shift_panel(
        *(REAL_TEXTS, floats[0], TEXTS, floats[1], HELD_TEXTS, floats[2]), **arguments
    )
    frame = shift_panel(*(REAL_TEXTS, on(REAL), TEXTS, on(X), HELD_TEXTS, on(HELD)), **arguments)
    # MMD without a shift is a difference that all but cancels.
    assert_frame_equal(frame, expected, rel_tol=1e-5, abs_tol=1e-5)


def test_on_gpu_moves_arrays_where_there_is_one():
    moved = blocks.on_gpu(X)
    assert np.array_equal(blocks.numpy_array(moved), X)
    assert (moved is X) == (not torch.cuda.is_available())


@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_an_own_measure_gets_texts_and_unit_rows_as_arrays(kind):
    x = torch.as_tensor(X) if kind == "tensor" else X

    def norm(texts, embeddings, s=1.0, tau=2.0):
        assert type(embeddings) is np.ndarray and len(texts) == len(embeddings)
        return s * tau * np.linalg.norm(embeddings, axis=1).mean()

    frame = diversity_panel(
        TEXTS, x, repeats=3, measures=["norm"], own={"norm": norm},
        options={"norm": {"tau": [1, 3], "s": [1, 2]}},
    )  # fmt: skip
    assert frame["value"].to_list() == pytest.approx([1, 3, 2, 6])
    names = [measure_name(*row) for row in frame["measure", "settings"].rows()]
    assert names == [f"norm (s {s}, tau {tau})" for s in (1, 2) for tau in (1, 3)]

    def apart(real_texts, real_embeddings, texts, embeddings):
        return np.linalg.norm(real_embeddings.mean(0) - embeddings.mean(0))

    given = (REAL_TEXTS, REAL, TEXTS, x, HELD_TEXTS, HELD)
    far = shift_panel(*given, measures=["apart"], own={"apart": apart})
    assert far["value"].item() > 0 and far["floor"].item() > 0
    assert json.loads(far["settings"].item()) == {"normalise": True, "own": True}


@pytest.mark.parametrize("wrong", [math.nan, -0.1, math.inf])
def test_an_own_measure_gives_a_finite_number(wrong):
    with pytest.raises(ValueError, match=f"mine: it gave {wrong}"):
        diversity_panel(TEXTS, X, measures=["mine"], own={"mine": lambda texts, x: wrong})


def test_a_default_of_an_own_measure_can_be_written_down():
    with pytest.raises(ValueError, match="mine: a default is no number, text or list"):
        diversity_panel(TEXTS, X, own={"mine": lambda texts, x, words=frozenset(): 0})
