"""What generation times, summed up by set."""

import pytest

from builders import shard_rows
from mixtura.core.sets import SetKey
from mixtura.generate.settings import TokenPrices
from mixtura.generate.shard import count_rows
from mixtura.generate.summary import generation_rows

PRICES = TokenPrices(prompt_price=2.0, completion_price=10.0)


def test_what_generation_took_is_summed_up_by_set() -> None:
    times = {"load_seconds": 2, "generate_seconds": 18, "seconds": 36, "threads": 2, "gpus": 1}
    rows = shard_rows(["a", "b", "c", "d"], [None, None, None, "empty"], "pnpn")
    job = {**times, **count_rows(rows)}
    empty = {**job, "rejected": {"unfinished": 4}, "parsed": 0}
    idle = {"seconds": 36, "threads": 2, "gpus": 1, "shards": 0}
    low, high = SetKey("g", "topic", "D0", "r1"), SetKey("h", "topic", "D6", "r0-4")
    sets = {low: [job, job, idle], high: [empty]}
    accepted = {low: 15, high: 0}
    table = generation_rows(sets, accepted, 16, {"g": PRICES})
    assert table.select("replicate", "shown").rows() == [(1, 16), (0, 4)]
    assert table.row(0, named=True) == {
        **{"generator": "g", "pipeline": "topic", "level": "D0", "prompts": 8, "parsed": 6},
        **{"replicate": 1, "shown": 16, "derived": False},
        **{"rejected_empty": 2, "rejected_unfinished": 0, "accepted": 15},
        **{"prompt_tokens": 40, "cached_tokens": 8, "new_tokens": 24, "reasoning_tokens": 16},
        **{"tokens_per_accepted_row": 24 / 15},
        **{"tokens_per_second": 24 / 36, "load_share": 4 / 108, "gpu_hours": 0.03},
        **{"cpu_hours": 0.06, "cost": pytest.approx((40 * 2 + 24 * 10) / 1e6)},
    }
    assert table["rejected_unfinished"].to_list() == [0, 4]
    assert table["cost"][1] is None and table["tokens_per_accepted_row"][1] is None
    paid = generation_rows(sets, accepted, 16, {"g": PRICES}, hours=(3.0, 0.5))["cost"]
    hours = 0.03 * 3 + 0.06 * 0.5
    assert paid[0] == pytest.approx((40 * 2 + 24 * 10) / 1e6 + hours) and paid[1] is not None
    assert generation_rows(sets, accepted, 16, {"g": TokenPrices()})["cost"].is_null().all()


def test_a_derived_set_costs_what_its_rows_do() -> None:
    times = {"load_seconds": 2, "generate_seconds": 18, "seconds": 36, "threads": 1, "gpus": 0}
    job = {
        **times,
        "prompts": 9,
        "parsed": 9,
        "rejected": {},
        "prompt_tokens": 400,
        "new_tokens": 90,
    }
    base, pool, low, chosen = (
        SetKey("g", pipeline, level, "r0")
        for pipeline, level in (
            *(("topic", "D6"), ("words", "paraphrases"), ("words", "D0"), ("chosen", "D0")),
        )
    )
    table = generation_rows(
        {base: [job], pool: [job, job]},
        {base: 30, pool: 20, low: 30, chosen: 30},
        16,
        {"g": TokenPrices(prompt_price=1.0, completion_price=1.0)},
        {low: [(base, 20), (pool, 10)], chosen: [(base, None), (low, None)]},
    )
    costs = table.select("derived", "new_tokens", "accepted").rows()
    assert costs[:2] == [(False, 90, 30), (False, 180, 20)]
    assert costs[2:] == [(True, 20 * 90 / 30 + 10 * 180 / 20, 30), (True, 90 + 150, 30)]
    assert table["tokens_per_accepted_row"].to_list() == [3, 9, 5, 8]
    assert table["cost"][2] == pytest.approx((150 + 400 * 2 / 3 + 800 / 2) / 1e6)
    assert table["prompts"].to_list() == [9, 18, None, None]


def test_cached_and_reasoning_tokens_have_prices_of_their_own() -> None:
    counts = {"prompt_tokens": 100, "cached_tokens": 40, "new_tokens": 50, "reasoning_tokens": 30}
    assert PRICES.cost(counts) == pytest.approx((100 * 2 + 50 * 10) / 1e6)
    apart = PRICES.model_copy(update={"cached_price": 0.5, "reasoning_price": 4.0})
    assert apart.cost(counts) == pytest.approx((60 * 2 + 40 * 0.5 + 20 * 10 + 30 * 4) / 1e6)
