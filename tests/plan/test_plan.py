"""The plan: what a study is made of, and what names it."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from builders import DERIVED
from mixtura.core.code import SCRIPTS, code_files
from mixtura.curate.settings import CurateSettings, Filters
from mixtura.generate.templates import template_text
from mixtura.plan.designs import Arm
from mixtura.plan.plan import Plan, read_plan


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


def test_designs_become_arms_and_share_the_baseline(plan: Plan) -> None:
    parsed = [(p.design, p.arm.n_real, p.arm.n_generated, p.arm.level) for p in plan.sets.points]
    assert parsed == [
        ("real-only", 16, 0, None),
        ("mix-add", 16, 16, "D0"),
        ("mix-add", 16, 16, "D6"),
        ("level", 0, 16, "D0"),
        ("level", 0, 16, "D6"),
    ]
    assert {p.baseline for p in plan.sets.points} == {None, Arm(16)}
    assert len(plan.findings.predictions()) == 5 * 2


def test_a_model_on_some_mixes_has_their_baselines_too(tiny: dict[str, Any]) -> None:
    some = {"model": "reader", "mixes": {"designs": ["mix-add"], "levels": ["D6"]}}
    probe = {"kind": "probe", "embedder": "reader", "mixes": {"levels": ["D0"]}}
    plan = read_plan({**tiny, "downstream": {"some": some, "probe": probe}})
    arms = [plan.sets.arms[name] for name in plan.sets.arms_of("some")]
    assert [(arm.n_real, arm.n_generated, arm.level) for arm in arms] == [
        (16, 0, None),
        (16, 16, "D6"),
    ]
    assert len(plan.findings.predictions()) == 2 * 2 + 2  # arms and seeds; a probe has one file
    job = SimpleNamespace(model="probe", replicate="0", seed="0")
    assert len(json.loads(plan.finetune.probe_settings(job))["arms"]) == 3
    assert [Path(path).parts[-2] for path in plan.finetune.probe_sets(job)] == ["D0"]


def test_an_arm_is_named_by_its_own_settings(tiny: dict[str, Any], plan: Plan) -> None:
    more = copy.deepcopy(tiny)
    more["designs"]["mix-add"]["ratios"] = [0.5, 1]
    more["seeds"] = [0, 1, 2]
    more["generators"]["writer"]["sampling"]["temperature"] = 0.5
    assert set(plan.sets.arms) < set(read_plan(more).sets.arms)
    assert len({Arm(16).name, Arm(18).name, Arm(16, 16, "g", "p", "D0").name}) == 3


def with_designs(tiny: dict[str, Any], **designs: Any) -> Plan:
    return read_plan({**tiny, "designs": designs})


def test_shares_of_a_fixed_total_are_compared_with_all_real(tiny: dict[str, Any]) -> None:
    plan = with_designs(
        tiny, **{"real": [8], "mix-fixed": {"total": 16, "shares": [0, 0.25, 1]}, "controls": []}
    )
    rows = plan.findings.arm_rows()
    alone = [row.n_real for row in rows if row.design == "real-only"]
    assert alone == [8, 12, 16]  # at every number of real rows that occurs
    mixed = [row for row in rows if row.design == "mix-fixed" and row.level == "D6"]
    assert [(row.n_real, row.n_generated, row.share) for row in mixed] == [
        (12, 4, 0.25),
        (0, 16, 1),
    ]
    assert {row.baseline for row in mixed} == {Arm(16).name}
    assert {row.rows for row in mixed} == {16}


def test_a_grid_crosses_real_with_generated(tiny: dict[str, Any]) -> None:
    plan = with_designs(
        tiny, real=[4], grid={"real": [8, 16], "generated": [4, 8]}, controls=["repeated"]
    )
    grid = [point for point in plan.sets.points if point.design == "grid"]
    assert [(p.arm.n_real, p.arm.n_generated) for p in grid if p.arm.level == "D0"] == [
        (8, 4),
        (8, 8),
        (16, 4),
        (16, 8),
    ]
    assert all(p.baseline == Arm(p.arm.n_real) for p in grid)
    # The control has the arm's real rows and its size; the two levels share it.
    assert all(p.control == Arm(p.arm.n_real, repeat_to=p.arm.rows) for p in grid)
    repeated = [p.arm.rows for p in plan.sets.points if p.design == "real-repeated"]
    assert repeated == [12, 16, 20, 24]


def test_sources_are_compared_at_equal_n_beside_an_untrained_model(tiny: dict[str, Any]) -> None:
    two = copy.deepcopy(tiny)
    two["generators"]["second"] = two["generators"]["writer"]
    two["generate"]["generators"] = ["writer", "second"]
    plan = with_designs(two, real=[16], sources={"n": 8}, controls=["zero-shot"])
    points = [point for point in plan.sets.points if point.design == "sources"]
    assert {point.arm.generator for point in points} == {"writer", "second"}
    assert {(point.arm.n_real, point.arm.n_generated) for point in points} == {(16, 8)}
    assert [row.rows for row in plan.findings.arm_rows() if row.design == "zero-shot"] == [0]
    assert Arm(0).name in plan.sets.arms


def test_a_larger_n_adds_shards(tiny: dict[str, Any], plan: Plan) -> None:
    assert len(plan.sets.shards.planned) == 2  # 16 rows x 3.0 prompts, 32 in a shard
    larger = copy.deepcopy(tiny)
    larger["generate"]["n"] = 32
    larger["task"]["reference"] = 64
    assert len(read_plan(larger).sets.shards.planned) == 3

    wildcards = SimpleNamespace(
        generator="writer", pipeline="topic", level="D0", draw="r0", shard="0"
    )
    assert plan.generate.settings(wildcards) == read_plan(larger).generate.settings(wildcards)


def test_resources_grow_with_the_attempt(tiny: dict[str, Any]) -> None:
    changed = read_plan({**tiny, "resources": {"finetune": {"mem_mb": 500}}})
    job = SimpleNamespace(model="reader")
    resources = changed.resources.of("finetune")
    assert resources["mem_mb"](job, 1) == 500
    assert resources["mem_mb"](job, 3) == 1500
    assert resources["runtime"](job, 2) == 2 * resources["runtime"](job, 1)


def _measured(plan: Plan, kind: str = "diversity") -> dict[str, Any]:
    settings = getattr(plan.score, f"{kind}_settings")
    panel: dict[str, Any] = json.loads(
        settings(SimpleNamespace(embedder="e", pipeline="topic", draw="r0"))
    )
    return panel


def test_the_token_budget_is_the_same_for_all_sets(tiny: dict[str, Any], plan: Plan) -> None:
    assert _measured(plan)["token_budget"] == 16 * 3  # rows x least words that curation passes
    assert "token_budget" not in _measured(plan, "shift")
    changed = read_plan({**tiny, "diversity": {"token_budget": 77}})
    assert _measured(changed)["token_budget"] == 77
    unfiltered = read_plan({**tiny, "curation": {"full": {"filters": {}}}})
    assert _measured(unfiltered)["token_budget"] == 16


@pytest.mark.parametrize(("reference", "rows"), [(32, 16), (100, 16), (22, 10), (4, 2)])
def test_measures_run_on_half_of_the_reference_or_on_all_rows_of_a_set(
    tiny: dict[str, Any], reference: int, rows: int
) -> None:
    """Of each label as many, whatever is generated."""
    plan = read_plan({**tiny, "task": {**tiny["task"], "reference": reference}})
    assert {_measured(plan, kind)["n"] for kind in ("diversity", "shift")} == {rows}
    assert _measured(plan)["token_budget"] == 3 * rows


def test_a_judge_adds_its_measure_and_its_model(tiny: dict[str, Any], plan: Plan) -> None:
    assert plan.score.judge_model() == [] and _measured(plan)["judge"] is None
    judged = read_plan({**tiny, "diversity": {"judge": "writer"}})
    assert judged.score.judge_model() == ["results/tiny/models/writer"]
    assert _measured(judged)["measures"][-1] == "llm_cluster_score"
    assert _measured(judged)["judge"]["model"] == "writer"


def test_a_pipeline_of_another_is_the_same_text_curated_otherwise(tiny: dict[str, Any]) -> None:
    more = copy.deepcopy(tiny)
    more["pipelines"]["bare"] = {"of": "topic", "curation": "none"}
    more["generate"]["pipelines"] = ["topic", "bare"]
    plan, module_file = read_plan(tiny), read_plan(more)
    assert module_file.sets.sets == [
        ("writer", p, level, "r0") for p in ("topic", "bare") for level in ("D0", "D6")
    ]
    topic, bare = (
        SimpleNamespace(generator="writer", pipeline=p, level="D6", draw="r0")
        for p in ("topic", "bare")
    )
    assert (
        module_file.curate.shards(bare)
        == module_file.curate.shards(topic)
        == plan.curate.shards(topic)
    )
    assert module_file.curate.settings(topic) == plan.curate.settings(topic)
    settings = CurateSettings.from_json(module_file.curate.settings(bare))
    curation = settings.curation
    assert (settings.n, curation.exact, curation.filters) == (16, False, Filters())
    assert curation.fuzzy is None
    # no text of one word is removed there, so measures read one word a row of every set
    assert (_measured(plan)["token_budget"], _measured(module_file)["token_budget"]) == (48, 16)


def test_a_variant_changes_the_keys_that_it_gives(tiny: dict[str, Any]) -> None:
    changes = {"exact": {"fuzzy": {}}, "mine": {"exact": False}, "full": {"fuzzy": None}}
    parsed = read_plan({**tiny, "curation": changes}).sets.study.curation
    on = {
        name: (
            v.exact,
            v.filters.length is not None,
            v.fuzzy is not None,
            v.decontaminate is not None,
        )
        for name, v in parsed.items()
    }
    assert on == {
        "none": (False, False, False, False),
        "exact": (True, False, True, False),
        "full": (True, True, False, True),
        "mine": (False, True, True, True),
    }


def test_embeddings_and_a_judge_are_asked_for_where_a_variant_reads_them(
    tiny: dict[str, Any],
) -> None:
    more = copy.deepcopy(tiny)
    more["curation"] = {
        "near": {"semantic": {}},
        "close": {"decontaminate": {"similarity": 0.9}, "embedder": "reader"},
        "trained": {"filters": {"label_consistency": {}}},
        "judged": {"filters": {"label_consistency": {"judge": "writer"}}},
    }
    for name in more["curation"]:
        more["pipelines"][name] = {"of": "topic", "curation": name}
    more["generate"]["pipelines"] = ["topic", *more["curation"]]
    more["task"] |= {"shifted": {"other": more["task"]["data"]}, "shifted_rows": 40}
    plan = read_plan(more)
    calls = {}
    for name in more["generate"]["pipelines"]:
        card = SimpleNamespace(generator="writer", pipeline=name, level="D0", draw="r0")
        compared = plan.curate.embeddings(card).values()
        calls[name] = [*(path for paths in compared for path in paths), *plan.curate.judged(card)]
    folder = "results/tiny/embeddings/reader"
    vectors = [
        f"{folder}/pool/writer/topic/D0/r0.parquet",
        f"{folder}/test.parquet",
        f"{folder}/examples/r0.parquet",
        f"{folder}/shifted/other.parquet",
    ]
    assert calls == {
        "topic": [],
        "near": vectors,
        "close": vectors,
        "trained": vectors,
        "judged": ["results/tiny/judged/writer/writer/topic/D0/r0.parquet"],
    }


def test_a_models_own_resources_come_before_its_stages(tiny: dict[str, Any]) -> None:
    changed = copy.deepcopy(tiny)
    changed["resources"] = {"finetune": {"mem_mb": 5000, "runtime": 20}}
    changed["downstream"]["large"] = {
        "model": "reader",
        "resources": {"mem_mb": 90_000, "gpu": 2, "threads": 8},
    }
    plan = read_plan(changed)
    arm = next(iter(plan.sets.arms))
    small, large = (SimpleNamespace(model=model, arm=arm) for model in ("reader", "large"))
    resources, threads = plan.resources.of("finetune", "gpu"), plan.resources.threads("finetune")
    assert [resources["mem_mb"](m, attempt=1) for m in (small, large)] == [5000, 90_000]
    assert resources["mem_mb"](large, attempt=3) == 270_000
    assert [resources["gpu"](m) for m in (small, large)] == [0, 2]
    assert resources["runtime"](large, attempt=2) == 40
    assert callable(threads) and threads(large) == 8
    without = copy.deepcopy(changed)
    del without["downstream"]["large"]["resources"], without["resources"]
    assert plan.finetune.settings(large) == read_plan(without).finetune.settings(large)
    assert plan.report.settings() == read_plan(without).report.settings()


def test_trackers_follow_the_runs_of_a_model_and_rerun_none(tiny: dict[str, Any]) -> None:
    followed = copy.deepcopy(tiny)
    followed["downstream"]["reader"]["report_to"] = ["tensorboard"]
    plan, silent = read_plan(followed), read_plan(tiny)
    run = SimpleNamespace(arm=next(iter(plan.sets.arms)), model="reader", replicate="0", seed="1")
    assert plan.finetune.settings(run) == silent.finetune.settings(run)
    assert [p.finetune.report_to(run, None) for p in (plan, silent)] == [["tensorboard"], []]
    assert plan.finetune.events(run, None) == f"results/tiny/events/{run.arm}/reader/r0/seed-1"


def test_an_embedder_of_gradients_reruns_its_embeddings_alone(tiny: dict[str, Any]) -> None:
    tiny = tiny | {"embedders": ["reader", "writer"]}
    plan = read_plan(tiny | {"embeddings": {"kinds": {"writer": "gradient"}}})
    reader, writer = (SimpleNamespace(embedder=name) for name in ("reader", "writer"))
    assert plan.embed.settings(reader) == read_plan(tiny).embed.settings(reader)
    assert json.loads(plan.embed.settings(writer))["kind"] == "gradient"


def test_derived_pipelines_are_made_from_sets(tiny: dict[str, Any]) -> None:
    study = copy.deepcopy(tiny)
    study["pipelines"] |= {name: DERIVED[name] for name in ("words", "chosen", "several")}
    study["generators"]["b"] = study["generators"]["writer"]
    study["generate"]["pipelines"] = ["topic", "words", "chosen", "several"]
    card = read_plan(study)
    assert [
        card.derive.pipelines(stage) for stage in ("curate", "replace", "select_rows", "combine")
    ] == [
        *("topic", "words", "chosen", "several"),
    ]
    assert {key.generator for key in card.sets.sets} == {"writer", "mixed"}
    assert len(card.sets.sets) == 8
    low = SimpleNamespace(generator="writer", pipeline="words", level="D0", draw="r0")
    # 4 sources x 3 paraphrases x 2.0 prompts = 24 prompts, 32 in a shard: one pool for all levels
    assert card.derive.paraphrase_shards(low) == [
        "results/tiny/generated/writer/words/paraphrases/r0/0.parquet"
    ]
    low.level = "D6"
    assert card.derive.paraphrase_shards(low) == []
    assert card.sets.has_topics("words") and card.score.token_budget == 16 * 3


def test_shards_are_added_up_to_the_cap(tiny: dict[str, Any], plan: Plan) -> None:
    card = SimpleNamespace(generator="writer", pipeline="topic", level="D0", draw="r0")
    assert plan.curate.more_shards(card) == []  # 3.0 prompts a row are planned, and 3 are allowed
    more = copy.deepcopy(tiny)
    more["generate"]["cap"] = 9
    parsed = read_plan(more)
    assert parsed.curate.more_shards(card) == ["results/tiny/generated/writer/topic/D0/r0/more"]
    settings = json.loads(parsed.generate.top_up_settings(card))
    assert (settings["planned"], settings["most"]) == (2, 5)


def test_topics_are_mined_written_or_read(tiny: dict[str, Any], tmp_path: Path) -> None:
    card = SimpleNamespace(generator="writer", pipeline="topic", level="D0", draw="r0", shard="0")
    written, listed = copy.deepcopy(tiny), copy.deepcopy(tiny)
    written["pipelines"]["topic"]["topics"] = "written"
    assert read_plan(tiny).generate.lines(card) == []
    assert read_plan(written).generate.lines(card) == [
        "results/tiny/data/topics/writer/topic/r0.txt"
    ]
    assert json.loads(read_plan(written).generate.topics_settings(card))["topics"] == 9
    file = tmp_path / "topics.txt"
    file.write_text("\n".join(f"topic {number}" for number in range(9)))
    listed["pipelines"]["topic"] |= {"topics": "file", "file": str(file)}
    assert read_plan(listed).generate.lines(card) == [str(file)]
    assert read_plan(listed).generate.settings(card) == read_plan(tiny).generate.settings(card)


def test_how_an_engine_is_run_is_no_part_of_what_it_writes(tiny: dict[str, Any]) -> None:
    server = {"base_url": "http://localhost:1/v1", "model": "m", "key_env": "KEY"}
    card = SimpleNamespace(generator="writer", pipeline="topic", level="D0", draw="r0", shard="0")

    def settings(**options: Any) -> tuple[Plan, str]:
        writer = {"backend": "openai", "openai": server | options}
        plan = read_plan({**tiny, "generators": {"writer": writer}})
        return plan, plan.generate.settings(card)

    plan, before = settings()
    moved = {"base_url": "http://localhost:2/v1", "concurrent": 1, "prompt_price": 2.0}
    assert settings(**moved)[1] == before != settings(model="n")[1]
    assert "localhost" not in before and "KEY" not in before
    assert (
        plan.generate.model(card) == []
        and "results/tiny/models/None" not in plan.report.model_folders()
    )
    running = json.loads(plan.generate.running(card, None))
    assert running["openai"]["key_env"] == "KEY" and running["least_parsed"] == 0.2


def test_a_chat_has_templates_of_its_own(tiny: dict[str, Any]) -> None:
    config = copy.deepcopy(tiny)
    config["generators"]["writer"]["format"] = "chat"
    config["pipelines"]["topic"]["topics"] = "written"
    card = SimpleNamespace(generator="writer", pipeline="topic", level="D0", draw="r0", shard="0")
    plan = read_plan(config)
    for settings, name in (
        (plan.generate.settings(card), "classification-chat"),
        (plan.generate.topics_settings(card), "topics-chat"),
    ):
        assert json.loads(settings)["generator"]["prompt"] == template_text(name)
    config["generators"]["writer"]["prompt"] = "classification"
    settings = json.loads(read_plan(config).generate.settings(card))
    assert settings["generator"]["prompt"] == template_text("classification")


def test_a_set_depends_on_the_code_of_its_own_dial_and_its_own_backend(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    module_file = tmp_path / "own.py"
    module_file.write_text("def specify(level, given, indices):\n    return []\n")
    levels = tiny["pipelines"]["topic"]["levels"]
    server = {"base_url": "http://localhost:8000/v1", "model": "m"}
    study = {
        **tiny,
        "generators": {**tiny["generators"], "server": {"backend": "openai", "openai": server}},
        "pipelines": {
            **tiny["pipelines"],
            "people": {"dial": "persona", "levels": {key: {"personas": 2} for key in levels}},
            "mine": {
                "dial": "module",
                "file": str(module_file),
                "levels": {key: {} for key in levels},
            },
        },
    }
    plan = read_plan(study)

    def files(generator: str, pipeline: str) -> set[str]:
        card = SimpleNamespace(generator=generator, pipeline=pipeline, level="D0", draw="r0")
        parsed = code_files("generate.py", plan.generate.dial(card), plan.generate.backend(card))
        names = (str(file.relative_to(SCRIPTS)) for file in parsed)
        return {name.removeprefix("mixtura/") for name in names}

    topic = files("writer", "topic")
    assert {
        "generate/dials/topic.py",
        "generate/dials/words.py",
        "generate/backends/transformers.py",
    } < topic
    people = {"generate/dials/persona.py"}
    assert files("writer", "people") - topic == people
    assert files("writer", "mine") - topic == {"core/modules.py"}
    parts = ("openai", "answers", "batch", "families", "journal", "pace")
    server = {f"generate/backends/{part}.py" for part in parts}
    assert files("server", "people") - topic == {*people, *server}
    assert topic - files("server", "people") >= {
        "generate/dials/topic.py",
        "generate/backends/transformers.py",
    }
    assert plan.score.code("diversity") == plan.score.code("shift") == plan.findings.code() == []
    measured = {**tiny["diversity"], "judge": "server", "own": {"mine": str(module_file)}}
    judged = read_plan({**study, "diversity": measured})
    assert judged.score.code("shift") == []
    messages = [
        "mixtura.core.modules",
        "mixtura.measure.grouping_judge",
        "mixtura.generate.backends.openai",
    ]
    assert judged.score.code("diversity") == messages


def test_replicates_add_files_and_share_settings(tiny: dict[str, Any], plan: Plan) -> None:
    three = read_plan({**tiny, "replicates": 3})
    assert three.sets.arms == plan.sets.arms
    for old, new in (
        (plan.findings.predictions(), three.findings.predictions()),
        (plan.score.parts("shift"), three.score.parts("shift")),
        *((plan.generate.stats()[k], three.generate.stats()[k]) for k in ("shards", "counts")),
    ):
        assert set(old) < set(new) and len(new) == 3 * len(old)
    card = SimpleNamespace(generator="writer", pipeline="topic", level="D0", draw="r0", shard="0")
    before = plan.generate.settings(card)
    assert three.generate.settings(card) == before
    card.draw = "r2"
    assert three.generate.settings(card) == before.replace('"r0"', '"r2"')
    assert three.generate.examples(card) == "results/tiny/data/examples/r2.parquet"
    settings = json.loads(three.prepare.examples_settings(card))
    assert settings.items() >= {"replicate": 2, "rows": 16, "seed": 3}.items()
    arm = next(name for name, arm in plan.sets.arms.items() if arm.n_generated)
    run = SimpleNamespace(arm=arm, model="reader", replicate="2", seed="0")
    assert three.finetune.generated(run) == ["results/tiny/curated/writer/topic/D0/r2.parquet"]
    assert json.loads(three.finetune.settings(run))["mix"]["sets"] == []


def test_replicates_may_share_their_text(tiny: dict[str, Any]) -> None:
    shared = read_plan({**tiny, "replicates": {"count": 2, "share": ["generated"]}})
    assert {key.draw for key in shared.sets.sets} == {"r0"}
    arm = next(name for name, arm in shared.sets.arms.items() if arm.n_generated)
    run = SimpleNamespace(arm=arm, model="reader", replicate="1", seed="0")
    assert shared.finetune.generated(run) == ["results/tiny/curated/writer/topic/D0/r0.parquet"]
    assert len(shared.findings.predictions()) == 2 * 5 * 2


def test_a_generator_may_see_the_real_rows_of_the_mix_alone(tiny: dict[str, Any]) -> None:
    study = copy.deepcopy(tiny)
    study["designs"] = {"real": [4, 16], "mix-add": {"ratios": [1]}, "level": {}, "controls": []}
    largest = read_plan(study)
    study["generate"]["shown"] = "own"
    module_file = read_plan(study)
    assert {key.draw for key in largest.sets.sets} == {"r0"}
    assert {key.draw for key in module_file.sets.sets} == {"r0-4", "r0-16"}
    rows = [row for row in module_file.findings.arm_rows() if row.level == "D0"]
    assert {(row.design, row.n_real, row.shown) for row in rows} == {
        *(("mix-add", 4, 4), ("mix-add", 16, 16), ("level", 0, 4), ("level", 0, 16))
    }
    assert {row.shown for row in largest.findings.arm_rows() if row.level} == {16}
    for row in rows:
        (key,) = module_file.sets.mixed_sets(row.arm, 0)
        assert key.columns(largest=99)["shown"] == row.shown


def test_a_mix_trains_longer_where_passes_over_real_rows_are_held(
    tiny: dict[str, Any], plan: Plan
) -> None:
    changed = copy.deepcopy(tiny)
    changed["downstream"]["reader"]["regime"] = "real_passes"
    by_passes = read_plan(changed)
    jobs = [SimpleNamespace(arm=name, model="reader") for name in by_passes.sets.arms]
    steps = {
        by_passes.sets.arms[job.arm].rows: json.loads(by_passes.finetune.settings(job))
        for job in jobs
    }
    lengths = {rows: settings["training"]["steps"] for rows, settings in steps.items()}
    assert lengths == {16: 4, 32: 8}  # real rows alone; as many generated rows beside them
    alone = next(job for job in jobs if by_passes.sets.arms[job.arm].rows == 16)
    assert by_passes.finetune.settings(alone) == plan.finetune.settings(alone)


def test_versions_of_packages_are_settings_where_a_study_says_so(tiny: dict[str, Any]) -> None:
    job = ("finetune.py", "mixtura.train.encoder")
    plain, strict = read_plan(tiny), read_plan({**tiny, "packages": "rerun"})
    digest, *versions = strict.code(*job).split(" ", 1)
    assert plain.code(*job) == digest and "torch " in versions[0] and "transformers " in versions[0]
    assert strict.code("split.py") == plain.code("split.py")


def test_an_adapter_and_lines_count_by_their_bytes(tiny: dict[str, Any], tmp_path: Path) -> None:
    adapter, lines = tmp_path / "adapter", tmp_path / "people.txt"
    adapter.mkdir()
    config = copy.deepcopy(tiny)
    config["generators"]["writer"] |= {
        "backend": "vllm",
        "vllm": {"command": "serve", "adapter": str(adapter)},
    }
    config["pipelines"]["people"] = {
        **{"dial": "persona", "file": str(lines)},
        "levels": {level: {"personas": 1} for level in tiny["generate"]["levels"]},
    }
    config["generate"] = {**tiny["generate"], "pipelines": ["people"]}
    names = {"generator": "writer", "pipeline": "people", "level": "D6", "draw": "r0", "shard": "0"}
    wildcards = SimpleNamespace(**names)
    seen = set()
    for weights, people in (("a", "one"), ("b", "one"), ("b", "two")):
        (adapter / "adapter_config.json").write_text(weights)
        lines.write_text(people)
        part = read_plan(config).generate
        seen.add((part.content(wildcards), part.resume(wildcards)))
    assert len({content for content, _ in seen}) == len({folder for _, folder in seen}) == 3
