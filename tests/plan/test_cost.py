"""What a study will take: counts and sums of a plan, measured and estimated."""

import copy
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mixtura.plan.cost import plan_table, plan_text
from mixtura.plan.measured import hours_of_replicate
from mixtura.plan.plan import Plan
from mixtura.prepare.fetch import fetch_rows
from mixtura.study.load import load_study
from mixtura.study.study import Study


def job(rule: str, why: list[str] | None, **more: Any) -> dict[str, Any]:
    job_defaults = {"threads": 1, "gpu": 0, "bytes": 0, "log": None, "benchmark": None}
    return {"rule": rule, "wildcards": {}, "why": why, **job_defaults, **more}


@pytest.fixture
def study(tiny: dict[str, Any]) -> Study:
    return load_study({**tiny, "prices": {"gpu_hour": 2.0, "cpu_hour": 0.1}})


MISSING = ["output files have to be generated", "input files updated by another job"]
SHARD = {"generator": "writer", "pipeline": "topic", "level": "D0", "draw": "r0", "shard": "0"}


def planned(config: dict[str, Any], *jobs: dict[str, Any], root: Path = Path()) -> dict[str, Any]:
    """The row of the jobs, all of one rule."""
    return plan_table(load_study(config), jobs, root).row(0, named=True)


def arm_of(config: dict[str, Any], n_real: int, n_generated: int = 0) -> str:
    """Name of an arm of so many rows."""
    arms = Plan(load_study(config)).sets.arms.values()
    return next(a.name for a in arms if (a.n_real, a.n_generated) == (n_real, n_generated))


def row_tokens(config: dict[str, Any]) -> int:
    """Tokens that a row of the data is taken to have."""
    rows = fetch_rows((task := load_study(config).task).reading(task.data)).rows
    return round(rows["text"].str.len_chars().mean() / 4) + 4  # type: ignore[operator]


def by_server(config: dict[str, Any]) -> dict[str, Any]:
    """The study with its generator behind an API that has prices."""
    prices = {"prompt_price": 2.0, "completion_price": 10.0}
    server = {"base_url": "http://localhost:1/v1", "model": "m", **prices}
    writer = {"sampling": {"max_new_tokens": 40}, "backend": "openai", "openai": server}
    return {**config, "generators": {"writer": writer}}


def test_estimates_come_from_the_configuration(study: Study, tmp_path: Path) -> None:
    jobs = [job("generate", MISSING, wildcards=SHARD, gpu=2, threads=4) for _ in range(3)]
    row = plan_table(study, jobs, tmp_path).row(0, named=True)
    assert (row["run"], row["done"], row["prompts"]) == (3, 0, 96)
    # Two examples as long as the longest answer, and some 70 characters of template.
    assert 2 * 40 + 10 < row["tokens"] / 96 - 40 < 2 * 40 + 25
    assert row["cpu_hours"] == pytest.approx(2 * row["gpu_hours"]) and row["gpu_hours"] > 0
    assert row["cost"] == pytest.approx(2.0 * row["gpu_hours"] + 0.1 * row["cpu_hours"])
    assert (row["basis"], row["why"]) == ("estimate", "3 missing")


def test_jobs_that_ran_tell_how_long_others_take(study: Study, tmp_path: Path) -> None:
    (tmp_path / "0.jsonl").write_text('{"s": 1800.0}\n')
    counts = {"prompts": 32, "prompt_tokens": 900, "new_tokens": 500}
    (tmp_path / "0.json").write_text(json.dumps({**counts, "seconds": 1700}))
    ran = {"benchmark": "0.jsonl", "log": "0.log", "bytes": 2_000_000}
    jobs = [
        job("generate", None, wildcards=SHARD, gpu=1, **ran),
        job("generate", MISSING, wildcards=SHARD, gpu=1),
        job("generate", MISSING[1:], wildcards=SHARD, gpu=1),
    ]
    row = plan_table(study, jobs, tmp_path).row(0, named=True)
    assert (row["run"], row["done"], row["basis"]) == (2, 1, "measured")
    assert (row["tokens"], row["disk_mb"]) == (2800, pytest.approx(4.0))
    assert row["gpu_hours"] == pytest.approx(1.0)
    assert row["why"] == "1 missing, 1 upstream"


def test_a_model_is_measured_by_its_own_jobs(tiny: dict[str, Any], tmp_path: Path) -> None:
    tiny = {**tiny, "downstream": {**tiny["downstream"], "large": {"model": "reader"}}}
    (tmp_path / "0.jsonl").write_text('{"s": 3600.0}\n')
    arm = arm_of(tiny, 16)
    jobs = [
        job("finetune", None, wildcards={"arm": arm, "model": "reader"}, benchmark="0.jsonl"),
        job("finetune", MISSING, wildcards={"arm": arm, "model": "reader"}),
        job("finetune", MISSING, wildcards={"arm": arm, "model": "large"}),
    ]
    row = plan_table(load_study(tiny), jobs, tmp_path).row(0, named=True)
    assert row["basis"] == "1 of 2 measured" and 1 < row["cpu_hours"] < 1.5


def test_the_printed_table_has_totals(study: Study, tmp_path: Path) -> None:
    jobs = [job("generate", MISSING, wildcards=SHARD), job("curate", None), job("split", None)]
    table = plan_table(study, jobs, tmp_path)
    assert table["done"].to_list() == [0, 1, 1] and table.schema["run"] == pl.Int64
    lines = plan_text(table).splitlines()
    assert lines[0].split()[:3] == ["stage", "to", "run"] and len(lines) == 6
    assert lines[-1].split()[:4] == ["total", "1", "2", "32"]


def test_a_server_is_paid_for_what_it_reads_and_writes(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    config = by_server(tiny)
    shard = job("generate", MISSING, wildcards=SHARD)
    row = planned(config, shard, root=tmp_path)
    written = 32 * 40
    read = row["tokens"] - written
    assert row["cost"] == pytest.approx((read * 2 + written * 10) / 1e6)
    assert planned(tiny, shard)["cost"] == 0
    ran = {"benchmark": "0.jsonl", "log": "0.log"}
    (tmp_path / "0.jsonl").write_text('{"s": 60.0}\n')
    (tmp_path / "0.json").write_text(
        json.dumps({"prompts": 32, "prompt_tokens": 9000, "new_tokens": 500})
    )
    row = planned(config, job("generate", None, wildcards=SHARD, **ran), shard, root=tmp_path)
    assert row["tokens"] == 9500 and row["cost"] == pytest.approx((18_000 + 5_000) / 1e6)


def test_prompts_are_as_long_as_the_examples_make_them(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    shard = job("generate", MISSING, wildcards=SHARD)
    blind = planned(tiny, shard, root=tmp_path)["tokens"]
    file = tmp_path / Plan(load_study(tiny)).sets.paths.path("data/examples/r0.parquet")
    file.parent.mkdir(parents=True)
    pl.DataFrame(
        {"id": ["a", "b"], "text": ["x" * 300, "x" * 500], "label": ["a", "b"]}
    ).write_parquet(file)
    assert planned(tiny, shard, root=tmp_path)["tokens"] - blind == 32 * 2 * (400 / 4 - 40)


@pytest.mark.parametrize("kind", ["qa", "instruction", "text"])
def test_every_kind_of_task_has_prompts(
    kind: str, tiny: dict[str, Any], reviews_csv: Path, tmp_path: Path
) -> None:
    columns = {"context": "text", "question": "text", "answer": "label", "prompt": "text"}
    data = {"path": str(reviews_csv), **columns, "response": "text"}
    task = {key: value for key, value in tiny["task"].items() if key != "labels"}
    config = {**tiny, "task": {**task, "kind": kind, "data": data}}
    config["downstream"] = {"reader": {"kind": "causal-lm", "model": "writer"}}
    config["pipelines"] = {"topic": {"dial": "incentive", "levels": {"D0": {}, "D6": {"taboo": 8}}}}
    low = planned(config, job("generate", MISSING, wildcards=SHARD), root=tmp_path)
    high = planned(
        config, job("generate", MISSING, wildcards={**SHARD, "level": "D6", "draw": "r0"})
    )
    assert 32 * 120 < low["tokens"] < high["tokens"] < 32 * 1000


def test_a_template_of_ones_own_that_needs_its_dial_is_taken_as_it_stands(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    dial, template = tmp_path / "dial.py", tmp_path / "own.j2"
    dial.write_text("def specify(level, given, indices): ...\n")
    template.write_text("{{ strength + 1 }} " + "x" * 77)
    config = copy.deepcopy(tiny)
    config["generators"]["writer"]["prompt"] = str(template)
    levels = {"D0": {"strength": 1}, "D6": {"strength": 2}}
    config["pipelines"]["topic"] = {"dial": "module", "file": str(dial), "levels": levels}
    row = planned(config, job("generate", MISSING, wildcards=SHARD))
    assert row["tokens"] == 32 * (40 + 24)


def test_paraphrases_are_written_as_their_pipeline_says(tiny: dict[str, Any]) -> None:
    config = copy.deepcopy(tiny)
    config["pipelines"]["words"] = {
        **{"dial": "paraphrase", "of": "topic", "level": "D6"},
        "sampling": {"max_new_tokens": 300},
        "levels": {"D0": {"sources": 4}, "D6": {"sources": 0}},
    }
    config["generate"]["pipelines"] = ["topic", "words"]
    pool = {**SHARD, "pipeline": "words", "level": "paraphrases"}
    assert planned(config, job("generate", MISSING, wildcards=pool))["tokens"] > 32 * 600


def test_topics_and_judges_are_asked_and_paid_for(tiny: dict[str, Any]) -> None:
    config = by_server(copy.deepcopy(tiny))
    config["generators"]["judge"] = config["generators"]["writer"]
    config["pipelines"]["topic"]["topics"] = "written"
    config["curation"] = {"full": {"filters": {"label_consistency": {"judge": "judge"}}}}
    config["diversity"] = {"judge": "judge", "repeats": 4, "options": {}}
    config["diversity"]["options"]["llm_cluster_score"] = {"repeats": 5, "sample": 6}
    topics = planned(config, job("topics", MISSING, wildcards=SHARD))
    assert topics["prompts"] == 9 and topics["tokens"] > 9 * 3 * 40
    judged = planned(config, job("judge", MISSING, wildcards={**SHARD, "judge": "judge"}))
    assert judged["prompts"] == 64 + 16 - 4
    assert judged["tokens"] > judged["prompts"] * (5 * 40 + 8)
    measured = planned(config, job("diversity", MISSING, wildcards={**SHARD, "embedder": "reader"}))
    assert measured["prompts"] == 5 * (1 + 4) and measured["tokens"] > 25 * 7 * 40
    for row in (topics, judged, measured):
        assert row["cost"] > row["tokens"] * 2 / 1e6


def test_epochs_and_searched_settings_are_trained(tiny: dict[str, Any], tmp_path: Path) -> None:
    def seconds(n_generated: int = 0, **model: Any) -> float:
        config = copy.deepcopy(tiny)
        config["task"]["development"] = 8
        config["designs"]["controls"] = ["zero-shot"]
        config["downstream"] = {"reader": {"model": "reader", **model}}
        n_real = 0 if n_generated < 0 else 16
        names = {"model": "reader", "arm": arm_of(config, n_real, max(n_generated, 0))}
        return float(planned(config, job("finetune", MISSING, wildcards=names))["cpu_hours"] * 3600)

    untrained, step = seconds(-1, steps=4), 16 * row_tokens(tiny) / 3_000
    assert seconds(steps=4) - untrained == pytest.approx(4 * step)
    assert seconds(epochs=3) - untrained == pytest.approx(3 * step)
    assert seconds(16, epochs=3) - untrained == pytest.approx(3 * 2 * step)
    search = {"learning_rate": [1e-3, 1e-4], "epochs": [1, 5]}
    tried = seconds(16, epochs=3, search=search)
    assert tried - untrained == pytest.approx(2 * (1 + 5) * 2 * step)


def test_a_job_of_several_runs_takes_as_long_as_those_it_lacks(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    config = tiny | {"seeds": [0, 1, 2]}
    config["downstream"] = {"reader": {"model": "reader", "steps": 4000}}
    arm = arm_of(config, 16)
    names = {"model": "reader", "arm": arm, "replicate": "0"}

    def hours(*jobs: Any) -> float:
        return float(planned(config, *jobs, root=tmp_path)["cpu_hours"])

    once = hours(job("finetune", MISSING, wildcards=names))
    todo = job("finetune", MISSING, wildcards=names | {"part": "0"})
    assert hours(todo) == pytest.approx(3 * once)
    folder = tmp_path / f"results/tiny/runs/{arm}/reader/r0/part-0"
    for seed in (0, 1):
        (folder / f"seed-{seed}").mkdir(parents=True)
    assert hours(todo) == pytest.approx(once)
    (folder / "seed-2").mkdir()  # all are there, and none is as the settings say
    assert hours(todo) == pytest.approx(3 * once)
    # One that trained the last of its three runs in an hour: three hours for three.
    (tmp_path / "0.jsonl").write_text('{"s": 3600.0}\n')
    ran = job("finetune", None, wildcards=names | {"part": "0"}, benchmark="0.jsonl", log="0.log")
    for trained, expected in (({"2": {}}, 3.0), ({}, 3 * once), ({"0": {}, "1": {}}, 1.5)):
        (tmp_path / "0.json").write_text(json.dumps({"runs": 3, "trained": trained}))
        assert hours(ran, todo) == pytest.approx(expected)


def test_hours_of_a_replicate_are_the_mean_of_the_replicates_that_were_measured(
    tmp_path: Path,
) -> None:
    jobs = {"r0/seed-0": 900, "r0/seed-1": 900, "r1/seed-0": 5400, "r1/seed-1": 0}
    jobs = {f"finetune/a/small/{job}": seconds for job, seconds in jobs.items()}
    for job, seconds in {**jobs, "generate/writer/topic/D0/r0/0": 3600}.items():
        file = tmp_path / f"benchmarks/{job}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"s": seconds}))
    # Text of one replicate alone is shared by the others.
    assert hours_of_replicate(tmp_path) == {("a", "small"): 1.0}


def test_a_large_model_trains_as_fast_as_its_size_allows(tiny: dict[str, Any]) -> None:
    def hours_and_memory(billions: float | None, **model: Any) -> tuple[float, float]:
        config = copy.deepcopy(tiny)
        config["models"]["writer"]["parameters"] = billions
        config["downstream"] = {"reader": {"model": "writer", "kind": "causal-lm", **model}}
        names = {"model": "reader", "arm": arm_of(config, 16, 16)}
        train = planned(config, job("finetune_causal", MISSING, wildcards=names, gpu=1))
        fetch = planned(config, job("model", MISSING, wildcards={"source": "writer"}))
        return float(train["gpu_hours"] * 3600), float(fetch["disk_mb"])

    tokens = 1000 * 16 * row_tokens(tiny)
    assert row_tokens(tiny) < 512  # which is as long as a row may be
    base = hours_and_memory(None, steps=1000)[0] - tokens / 40_000
    assert hours_and_memory(0.1, steps=1000) == (pytest.approx(base + tokens / 40_000), 200)
    assert hours_and_memory(8, steps=1000) == (
        pytest.approx(base + tokens * 6 * 8e9 / 2e14),
        16_000,
    )
    lora = hours_and_memory(8, steps=1000, lora={})[0]
    assert lora == pytest.approx(base + tokens * 4 * 8e9 / 2e14)
    again = hours_and_memory(8, steps=1000, lora={}, gradient_checkpointing=True)[0]
    assert again == pytest.approx(base + tokens * 6 * 8e9 / 2e14)


def test_a_probe_and_a_tuned_generator_count_what_they_try(tiny: dict[str, Any]) -> None:
    probe = {"kind": "probe", "embedder": "reader"}
    fitted = {"model": "fitted"}
    config = {**tiny, "task": {**tiny["task"], "development": 8}}
    config["downstream"] = {"fitted": probe}
    once = planned(config, job("probe", MISSING, wildcards=fitted))["cpu_hours"]
    config["downstream"] = {"fitted": {**probe, "search": {"c": [1.0, 10.0, 100.0]}}}
    tried = planned(config, job("probe", MISSING, wildcards=fitted))["cpu_hours"]
    assert tried == pytest.approx(3 * once)

    def seconds(level: str) -> float:
        tune = {"epochs": 50, "batch_size": 16}
        loop = {"pipeline": "topic", "level": "D6", "schemes": ["accumulate"], "tune": tune}
        config = {**tiny, "designs": {"real": [16], "loop": loop}}
        names = {"generator": "writer", "pipeline": "loop-accumulate", "level": level, "draw": "r0"}
        return float(planned(config, job("tune", MISSING, wildcards=names))["cpu_hours"] * 3600)

    # A round adds a set of 16 rows, so 50 steps of 16 rows of 40 tokens.
    assert seconds("R2") - seconds("R1") == pytest.approx(50 * 16 * 40 / 200)


def test_jobs_that_ran_scale_those_of_other_sizes(tiny: dict[str, Any], tmp_path: Path) -> None:
    config = {**tiny, "downstream": {"reader": {"model": "reader", "epochs": 9000}}}
    (tmp_path / "0.jsonl").write_text('{"s": 1000.0}\n')
    small, large = (
        {"model": "reader", "arm": arm_of(config, 16, generated)} for generated in (0, 16)
    )
    ran = job("finetune", None, wildcards=small, benchmark="0.jsonl")
    row = planned(config, ran, job("finetune", MISSING, wildcards=large), root=tmp_path)
    assert row["basis"] == "measured" and 1800 < row["cpu_hours"] * 3600 < 2000


def test_a_set_that_needed_no_more_shards_wrote_nothing(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "0.jsonl").write_text('{"s": 9.0}\n')
    (tmp_path / "0.json").write_text(json.dumps({"shards": 0, "seconds": 8}))
    ran = job("top_up", None, wildcards=SHARD, benchmark="0.jsonl", log="0.log")
    row = planned(tiny, ran, job("top_up", MISSING, wildcards=SHARD), root=tmp_path)
    assert (row["prompts"], row["tokens"], row["basis"]) == (0, 0, "measured")


def test_every_one_of_many_jobs_counts(study: Study, tmp_path: Path) -> None:
    jobs = [job("generate", MISSING, wildcards={**SHARD, "shard": str(i)}) for i in range(10_000)]
    assert plan_table(study, jobs, tmp_path)["run"].item() == 10_000


def test_judged_answers_are_counted_run_by_run(instructions: dict[str, Any]) -> None:
    config = copy.deepcopy(instructions)
    config["generators"]["judge"]["openai"] |= {"prompt_price": 2.0, "completion_price": 10.0}
    config["seeds"] = [0, 1, 2]
    rows = config["task"]["test"]
    check = planned(config, job("check_judge", MISSING, wildcards={"judge": "judge"}))
    assert check["prompts"] == 2 * min(rows, 200)
    names = {"arm": arm_of(config, 16), "model": "pupil", "replicate": "0", "part": "0"}
    judged = planned(config, job("judge_answers", MISSING, wildcards={**names, "judge": "judge"}))
    assert judged["prompts"] == 3 * rows
    for row in (check, judged):
        assert row["tokens"] > 30 * row["prompts"] and row["cost"] > 2 * row["tokens"] / 1e6
