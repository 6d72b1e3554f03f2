"""What a study will see, and the cheapest design that sees a stated gain."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from changes import changed
from mixtura.infer.detect import TYPICAL, Design, power
from mixtura.plan.power import (
    Price,
    most_test_rows,
    planned_design,
    power_lines,
    price_of,
    proposals,
    target_lines,
)
from mixtura.plan.sets import Sets
from mixtura.study.load import load_study

DESIGN = Design(5, 2, 1000, 14)


def job(rule: str, **wildcards: str) -> dict[str, Any]:
    rest = {"threads": 1, "gpu": 0, "bytes": 0, "log": None, "benchmark": None}
    return {"rule": rule, "wildcards": wildcards, "why": None, **rest}


def test_the_design_of_a_study_counts_its_largest_group(tiny: dict[str, Any]) -> None:
    config = changed(tiny, "designs", {"real": [8, 16], "mix-add": {"ratios": [1]}, "level": {}})
    config["replicates"], config["seeds"] = 4, [0, 1, 2]
    config["downstream"] = {**config["downstream"], "second": {"model": "reader"}}
    design = planned_design(Sets(load_study(config)))
    # D0 and D6, mixed and alone, beside 8 and 16 real rows; two models.
    assert design == Design(4, 3, config["task"]["test"], 4, 4)


@pytest.mark.workflow
def test_the_lines_say_what_shows_and_what_more_would(tiny: dict[str, Any]) -> None:
    study = load_study({**tiny, "smallest_gain": 0.04})
    lines = power_lines(study, DESIGN, TYPICAL, "of a pilot")
    seen = 100 * power(TYPICAL, DESIGN).gain()
    assert f"5 replicates x 2 seeds x 1,000 test rows, 14 mixes: gains above {seen:.1f}" in lines[0]
    assert lines[1].startswith("4.0 points (smallest_gain) need ") and "replicates" in lines[1]
    assert lines[2] == "Spreads: of a pilot." and lines[3].startswith("WARNING")
    small = replace(TYPICAL, replicate=0.001, mix=0.001, seed=0.001)
    assert len(power_lines(study, replace(DESIGN, test_rows=20_000), small, "")) == 2
    alone = power_lines(study, replace(DESIGN, replicates=1, seeds=1), TYPICAL, "")
    assert "no gain" in alone[0]
    beyond = power_lines(load_study({**tiny, "smallest_gain": 1e-6}), DESIGN, TYPICAL, "")
    assert beyond[1].endswith("are beyond any number of replicates, seeds or test rows alone.")


def test_prices_are_of_a_replicate_and_of_a_training(tiny: dict[str, Any]) -> None:
    config = {**tiny, "replicates": 2, "seeds": [0, 1]}
    sets = Sets(load_study(config))
    arm = next(iter(sets.arms))
    jobs = [job("split"), *(job("curate", draw=f"r{number}") for number in (0, 1))]
    jobs += [
        job("finetune", arm=arm, model="reader", replicate=number, seed=seed)
        for number in "01"
        for seed in "01"
    ]
    price = price_of(sets, jobs, Path())
    assert price.unit == "CPU h" and price.fixed == price.replicate > 0
    whole = price.of(planned_design(sets) or DESIGN)
    assert whole == pytest.approx(price.fixed + 2 * price.replicate + 4 * price.training)
    dear = Sets(load_study({**config, "prices": {"cpu_hour": 2.0}}))
    assert price_of(dear, jobs, Path()).fixed == pytest.approx(2 * price.fixed)


@pytest.mark.workflow
def test_the_cheapest_design_shows_the_gain() -> None:
    price = Price(0.0, 1.0, 0.1, "CPU h")
    designs = proposals(DESIGN, TYPICAL, price, 0.05, 4000)
    costs = [price.of(design) for design in designs]
    assert costs == sorted(costs) and designs[0].test_rows == 4000
    assert power(TYPICAL, designs[0]).gain() == pytest.approx(0.05, rel=0.12)
    lines = target_lines(designs, DESIGN, price, 0.05)
    assert f"replicates={designs[0].replicates} " in lines[1] and "test: 4000" in lines[1]
    assert "No design" in target_lines([], DESIGN, price, 0.05)[0]


def test_test_rows_end_where_the_data_do(tiny: dict[str, Any]) -> None:
    study = load_study(tiny)  # of 200 reviews
    assert most_test_rows(study) == 200 - study.task.reference - study.designs.largest
    assert load_study(changed(tiny, "task/test", most_test_rows(study)))
