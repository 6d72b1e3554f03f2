"""Sets over their draws, and texts over replicates."""

import polars as pl

from mixtura.infer.replicates import mean_of_draws, sum_of_replicates


def test_a_set_is_the_mean_of_its_draws() -> None:
    table = pl.DataFrame(
        {"level": ["D0", "D6", "D0"], "replicate": [0, 0, 1], "shown": [4, 4, 4]}
        | {"measure": "m", "n": [8, 8, 8], "value": [1.0, 5.0, 2.0], "ratio": [None, 1.0, 3.0]}
    )
    assert mean_of_draws(table).rows() == [("D0", "m", 8, 1.5, 3.0), ("D6", "m", 8, 5.0, 1.0)]


def test_p_values_of_several_draws_are_twice_their_mean() -> None:
    table = pl.DataFrame(
        {"level": ["D0", "D6", "D0", "D3", "D3"], "replicate": [0, 0, 1, 0, 1], "shown": [4] * 5}
        | {"p_value": [0.01, 0.02, 0.03, 0.9, 0.8]}
    )
    assert mean_of_draws(table).rows() == [("D0", 0.04), ("D6", 0.02), ("D3", 1.0)]


def test_texts_are_counted_once_over_replicates() -> None:
    name = ("writer", "loop-replace", "R1")
    texts = pl.DataFrame({"id": ["a", "b"], "nll": [1.0, 2.0], "tokens": [3, 4]})
    total = sum_of_replicates([(name, texts), (name, texts)])[name]
    assert total.rows() == [("a", 2.0, 6), ("b", 4.0, 8)]
