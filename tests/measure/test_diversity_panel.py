"""The panel of diversity: every measure, options, mistakes, columns."""

import json
import math

import numpy as np
import pytest

from mixtura.measure import diversity
from mixtura.measure.diversity import partitions
from mixtura.measure.diversity_panel import DIVERSITY, diversity_panel
from panel_sets import LABELS, REAL, TEXTS, N, X, value


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
    result = value(frame, "distinct_n", n=1, tokens=100)
    assert 100 / 14 <= result["n"] <= 100 / 6 + 1
    assert result["low"] < result["value"] < result["high"]
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
    ("settings", "message"),
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
def test_mistakes_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        diversity_panel(TEXTS, X, **settings)


def test_what_a_small_set_does_not_define_is_null_with_the_reason():
    frame = diversity_panel(["one short text"], [[1.0, 2]], repeats=5)
    result = frame.filter(measure="mattr").row(0, named=True)
    assert result["value"] is None
    assert "the 3 tokens" in json.loads(result["settings"])["undefined"]
    assert value(frame, "dcscore", tau=1.0)["value"] == 1
    assert frame["value"].is_nan().sum() == 0
    assert frame["low"].null_count() == frame.height


def test_missing_labels_and_topics_are_left_out():
    frame = diversity_panel(TEXTS, labels=[None] * N, topics=[None] * N, repeats=0)
    assert not {"label_entropy", "topic_entropy", "topic_count"} & set(frame["measure"])


def test_the_reference_is_clustered_once_for_all_subsets(monkeypatch):
    fits = []
    kmeans = partitions.kmeans

    def counted(*arguments):
        fits.append(arguments)
        return kmeans(*arguments)

    monkeypatch.setattr(partitions, "kmeans", counted)
    frame = diversity_panel(None, X, REAL, measures=["partition_entropy"], repeats=5)
    assert len(fits) == 1
    assert frame["value"][0] == pytest.approx(diversity.partition_entropy(X, REAL))


def test_progress_names_each_measure():
    seen = []
    diversity_panel(TEXTS, X, repeats=0, measures=["mtld", "radius"], progress=seen.append)
    assert seen == ["mtld", "radius"]
