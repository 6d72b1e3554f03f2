"""The plan: what a study is made of, and what names it."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.code import SCRIPTS, code_files
from mixtura.config import ConfigError
from mixtura.designs import Arm
from mixtura.plan import Plan, read_plan
from mixtura.templates import template_text


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


def test_designs_become_arms_and_share_the_baseline(plan: Plan) -> None:
    found = [(p.design, p.arm.n_real, p.arm.n_generated, p.arm.level) for p in plan.points]
    assert found == [
        ("real-only", 16, 0, None),
        ("mix-add", 16, 16, "D0"),
        ("mix-add", 16, 16, "D6"),
        ("level", 0, 16, "D0"),
        ("level", 0, 16, "D6"),
    ]
    assert {p.baseline for p in plan.points} == {None, Arm(16)}
    assert len(plan.predictions()) == 5 * 2


def test_an_arm_is_named_by_its_own_settings(tiny: dict[str, Any], plan: Plan) -> None:
    more = copy.deepcopy(tiny)
    more["designs"]["mix-add"]["ratios"] = [0.5, 1]
    more["seeds"] = [0, 1, 2]
    more["generators"]["writer"]["sampling"]["temperature"] = 0.5
    assert set(plan.arms) < set(read_plan(more).arms)
    assert len({Arm(16).name, Arm(18).name, Arm(16, 16, "g", "p", "D0").name}) == 3


def with_designs(tiny: dict[str, Any], **designs: Any) -> Plan:
    return read_plan({**tiny, "designs": designs})


def test_shares_of_a_fixed_total_are_compared_with_all_real(tiny: dict[str, Any]) -> None:
    plan = with_designs(
        tiny, **{"real": [8], "mix-fixed": {"total": 16, "shares": [0, 0.25, 1]}, "controls": []}
    )
    rows = plan.arm_rows()
    alone = [row["n_real"] for row in rows if row["design"] == "real-only"]
    assert alone == [8, 12, 16]  # at every number of real rows that occurs
    mixed = [row for row in rows if row["design"] == "mix-fixed" and row["level"] == "D6"]
    assert [(r["n_real"], r["n_generated"], r["share"]) for r in mixed] == [
        (12, 4, 0.25),
        (0, 16, 1),
    ]
    assert {row["baseline"] for row in mixed} == {Arm(16).name}
    assert {row["rows"] for row in mixed} == {16}


def test_a_grid_crosses_real_with_generated(tiny: dict[str, Any]) -> None:
    plan = with_designs(
        tiny, real=[4], grid={"real": [8, 16], "generated": [4, 8]}, controls=["repeated"]
    )
    grid = [point for point in plan.points if point.design == "grid"]
    assert [(p.arm.n_real, p.arm.n_generated) for p in grid if p.arm.level == "D0"] == [
        (8, 4),
        (8, 8),
        (16, 4),
        (16, 8),
    ]
    assert all(p.baseline == Arm(p.arm.n_real) for p in grid)
    # The control has the arm's real rows and its size; the two levels share it.
    assert all(p.control == Arm(p.arm.n_real, repeat_to=p.arm.rows) for p in grid)
    repeated = [p.arm.rows for p in plan.points if p.design == "real-repeated"]
    assert repeated == [12, 16, 20, 24]


def test_sources_are_compared_at_equal_n_beside_an_untrained_model(tiny: dict[str, Any]) -> None:
    two = copy.deepcopy(tiny)
    two["generators"]["second"] = two["generators"]["writer"]
    two["generate"]["generators"] = ["writer", "second"]
    plan = with_designs(two, real=[16], sources={"n": 8}, controls=["zero-shot"])
    points = [point for point in plan.points if point.design == "sources"]
    assert {point.arm.generator for point in points} == {"writer", "second"}
    assert {(point.arm.n_real, point.arm.n_generated) for point in points} == {(16, 8)}
    assert [row["rows"] for row in plan.arm_rows() if row["design"] == "zero-shot"] == [0]
    assert Arm(0).name in plan.arms


def test_a_larger_n_adds_shards(tiny: dict[str, Any], plan: Plan) -> None:
    assert len(plan.shards) == 2  # 16 rows x 3.0 prompts, 32 in a shard
    larger = copy.deepcopy(tiny)
    larger["generate"]["n"] = 32
    larger["task"]["reference"] = 64
    assert len(read_plan(larger).shards) == 3

    wildcards = SimpleNamespace(generator="writer", pipeline="topic", level="D0", shard="0")
    assert plan.generate_settings(wildcards) == read_plan(larger).generate_settings(wildcards)


def test_resources_grow_with_the_attempt(tiny: dict[str, Any]) -> None:
    given = read_plan({**tiny, "resources": {"finetune": {"mem_mb": 500}}})
    job = SimpleNamespace(model="reader")
    assert given.mem_mb("finetune")(job, 1) == 500
    assert given.mem_mb("finetune")(job, 3) == 1500
    assert given.runtime("finetune")(job, 2) == 2 * given.runtime("finetune")(job, 1)


def _measured(plan: Plan, kind: str = "diversity") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        plan.measure_settings(kind)(SimpleNamespace(embedder="e", pipeline="topic"))
    )
    return found


def test_the_token_budget_is_the_same_for_all_sets(tiny: dict[str, Any], plan: Plan) -> None:
    assert _measured(plan)["token_budget"] == 16 * 3  # rows x least words that curation passes
    assert "token_budget" not in _measured(plan, "shift")
    given = read_plan({**tiny, "diversity": {"token_budget": 77}})
    assert _measured(given)["token_budget"] == 77
    unfiltered = read_plan({**tiny, "curation": {"full": {"filters": {}}}})
    assert _measured(unfiltered)["token_budget"] == 16


def test_a_judge_adds_its_measure_and_its_model(tiny: dict[str, Any], plan: Plan) -> None:
    assert plan.judge_model() == [] and _measured(plan)["judge"] is None
    judged = read_plan({**tiny, "diversity": {"judge": "writer"}})
    assert judged.judge_model() == ["results/tiny/models/writer"]
    assert _measured(judged)["measures"][-1] == "llm_cluster_score"
    assert _measured(judged)["judge"]["model"] == "writer"
    for wrong, told in (
        ({"judge": "nobody"}, "diversity.judge: 'nobody' is not defined; allowed: writer"),
        ({"measures": ["llm_cluster_score"]}, "'llm_cluster_score' needs diversity.judge"),
    ):
        with pytest.raises(ConfigError, match=told):
            read_plan({**tiny, "diversity": wrong})


def test_a_pipeline_of_another_is_the_same_text_curated_otherwise(tiny: dict[str, Any]) -> None:
    more = copy.deepcopy(tiny)
    more["pipelines"]["bare"] = {"of": "topic", "curation": "none"}
    more["generate"]["pipelines"] = ["topic", "bare"]
    plan, own = read_plan(tiny), read_plan(more)
    assert own.sets == [("writer", p, level) for p in ("topic", "bare") for level in ("D0", "D6")]
    topic, bare = (
        SimpleNamespace(generator="writer", pipeline=p, level="D6") for p in ("topic", "bare")
    )
    assert own.generated_shards(bare) == own.generated_shards(topic) == plan.generated_shards(topic)
    assert own.curate_settings(topic) == plan.curate_settings(topic)
    found = json.loads(own.curate_settings(bare))
    assert (found["n"], found["exact"], found["filters"]) == (
        16,
        False,
        {},
    ) and "fuzzy" not in found
    # no text of one word is removed there, so measures read one word a row of every set
    assert (_measured(plan)["token_budget"], _measured(own)["token_budget"]) == (48, 16)


def test_a_variant_changes_the_keys_that_it_gives(tiny: dict[str, Any]) -> None:
    changes = {"exact": {"fuzzy": {}}, "mine": {"exact": False}, "full": {"fuzzy": None}}
    found = read_plan({**tiny, "curation": changes}).study.curation
    on = {
        name: (
            v.exact,
            v.filters.length is not None,
            v.fuzzy is not None,
            v.decontaminate is not None,
        )
        for name, v in found.items()
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
    asked = {}
    for name in more["generate"]["pipelines"]:
        made = SimpleNamespace(generator="writer", pipeline=name, level="D0")
        compared = plan.pool_embeddings(made).values()
        asked[name] = [*(path for paths in compared for path in paths), *plan.judged(made)]
    folder = "results/tiny/embeddings/reader"
    vectors = [
        f"{folder}/pool/writer/topic/D0.parquet",
        f"{folder}/protected.parquet",
        f"{folder}/shifted/other.parquet",
    ]
    assert asked == {
        "topic": [],
        "near": vectors,
        "close": vectors,
        "trained": vectors,
        "judged": ["results/tiny/judged/writer/writer/topic/D0.parquet"],
    }


def test_a_models_own_resources_come_before_its_stages(tiny: dict[str, Any]) -> None:
    given = copy.deepcopy(tiny)
    given["resources"] = {"finetune": {"mem_mb": 5000, "runtime": 20}}
    given["downstream"]["large"] = {
        "model": "reader",
        "resources": {"mem_mb": 90_000, "gpu": 2, "threads": 8},
    }
    plan = read_plan(given)
    arm = next(iter(plan.arms))
    small, large = (SimpleNamespace(model=model, arm=arm) for model in ("reader", "large"))
    assert [plan.mem_mb("finetune")(m, attempt=1) for m in (small, large)] == [5000, 90_000]
    assert plan.mem_mb("finetune")(large, attempt=3) == 270_000
    assert [plan.gpu("finetune")(m) for m in (small, large)] == [0, 2]
    assert plan.runtime("finetune")(large, attempt=2) == 40 and plan.threads("finetune")(large) == 8
    without = copy.deepcopy(given)
    del without["downstream"]["large"]["resources"], without["resources"]
    assert plan.finetune_settings(large) == read_plan(without).finetune_settings(large)
    assert plan.report_settings() == read_plan(without).report_settings()


def test_derived_pipelines_are_made_from_sets(tiny: dict[str, Any]) -> None:
    study = copy.deepcopy(tiny)
    study["pipelines"] |= {
        "words": {
            "dial": "paraphrase",
            "of": "topic",
            "level": "D6",
            "levels": {"D0": {"sources": 4}, "D6": {"sources": 0}},
        },
        "chosen": {
            "dial": "selection",
            "pool": {"topic": ["D0", "D6"]},
            "levels": {"D0": {"target": 2}, "D6": {"target": 3}},
        },
        "several": {
            "dial": "sources",
            "of": "topic",
            "level": "D6",
            "levels": {"D0": {"generators": ["writer"]}, "D6": {"generators": ["writer", "b"]}},
        },
    }
    study["generators"]["b"] = study["generators"]["writer"]
    study["generate"]["pipelines"] = ["topic", "words", "chosen", "several"]
    made = read_plan(study)
    assert [made.pipelines_of(stage) for stage in ("curate", "replace", "select", "combine")] == [
        *("topic", "words", "chosen", "several"),
    ]
    assert {name for name, _, _ in made.sets} == {"writer", "mixed"} and len(made.sets) == 8
    low = SimpleNamespace(generator="writer", pipeline="words", level="D0")
    # 4 sources x 3 paraphrases x 2.0 prompts = 24 prompts, 32 in a shard: one pool for all levels
    assert made.paraphrase_shards(low) == [
        "results/tiny/generated/writer/words/paraphrases/0.parquet"
    ]
    low.level = "D6"
    assert made.paraphrase_shards(low) == []
    assert made.has_topics("words") and made.token_budget == 16 * 3
    for path, value, told in (
        ("words/levels/D0/sources", 6, "sources: 6; allowed: multiples of 2 up to 3"),
        ("words/of", "chosen", "pipelines.words.of: 'chosen' is not defined; allowed: topic"),
        ("words/level", "D3", "pipelines.words.level: 'D3' is not defined; allowed: D0, D6"),
        ("chosen/pool", {"topic": ["D0"]}, "pipelines.chosen.pool: one set has no more"),
        ("several/levels/D0/generators", ["c"], "'c' is not defined; allowed: writer, b"),
        ("several/levels/D0/generators", ["b"] * 3, "3 equal shares of generate.n = 16"),
    ):
        wrong = copy.deepcopy(study)
        *parents, last = path.split("/")
        section = wrong["pipelines"]
        for part in parents:
            section = section[part]
        section[last] = value
        with pytest.raises(ConfigError, match=told):
            read_plan(wrong)


def test_shards_are_added_up_to_the_cap(tiny: dict[str, Any], plan: Plan) -> None:
    made = SimpleNamespace(generator="writer", pipeline="topic", level="D0")
    assert plan.more_shards(made) == []  # 3.0 prompts a row are planned, and 3 are allowed
    more = copy.deepcopy(tiny)
    more["generate"]["cap"] = 9
    found = read_plan(more)
    assert found.more_shards(made) == ["results/tiny/generated/writer/topic/D0/more"]
    settings = json.loads(found.top_up_settings(made))
    assert (settings["planned"], settings["most"]) == (2, 5)


def test_topics_are_mined_written_or_read(tiny: dict[str, Any], tmp_path: Path) -> None:
    made = SimpleNamespace(generator="writer", pipeline="topic", level="D0", shard="0")
    written, listed = copy.deepcopy(tiny), copy.deepcopy(tiny)
    written["pipelines"]["topic"]["topics"] = "written"
    assert read_plan(tiny).lines(made) == []
    assert read_plan(written).lines(made) == ["results/tiny/data/topics/writer/topic.txt"]
    assert json.loads(read_plan(written).topics_settings(made))["topics"] == 9
    file = tmp_path / "topics.txt"
    file.write_text("\n".join(f"topic {number}" for number in range(9)))
    listed["pipelines"]["topic"] |= {"topics": "file", "file": str(file)}
    assert read_plan(listed).lines(made) == [str(file)]
    assert read_plan(listed).generate_settings(made) == read_plan(tiny).generate_settings(made)
    file.write_text("a\na\nb\n")
    with pytest.raises(ConfigError, match=r"levels.D6.topics: 9 is too many; .* has 2 different"):
        read_plan(listed)
    listed["pipelines"]["topic"].pop("file")
    with pytest.raises(ConfigError, match="topics: file and the key file need each other"):
        read_plan(listed)


def test_how_an_engine_is_run_is_no_part_of_what_it_writes(tiny: dict[str, Any]) -> None:
    server = {"base_url": "http://localhost:1/v1", "model": "m", "key_env": "KEY"}
    made = SimpleNamespace(generator="writer", pipeline="topic", level="D0", shard="0")

    def settings(**options: Any) -> tuple[Plan, str]:
        writer = {"backend": "openai", "openai": server | options}
        plan = read_plan({**tiny, "generators": {"writer": writer}})
        return plan, plan.generate_settings(made)

    plan, before = settings()
    moved = {"base_url": "http://localhost:2/v1", "concurrent": 1, "prompt_price": 2.0}
    assert settings(**moved)[1] == before != settings(model="n")[1]
    assert "localhost" not in before and "KEY" not in before
    assert (
        plan.generator_model(made) == [] and "results/tiny/models/None" not in plan.model_folders()
    )
    running = json.loads(plan.running(made, None))
    assert running["openai"]["key_env"] == "KEY" and running["least_parsed"] == 0.2


def test_a_chat_has_templates_of_its_own(tiny: dict[str, Any]) -> None:
    config = copy.deepcopy(tiny)
    config["generators"]["writer"]["format"] = "chat"
    config["pipelines"]["topic"]["topics"] = "written"
    made = SimpleNamespace(generator="writer", pipeline="topic", level="D0", shard="0")
    plan = read_plan(config)
    for settings, name in (
        (plan.generate_settings(made), "classification-chat"),
        (plan.topics_settings(made), "topics-chat"),
    ):
        assert json.loads(settings)["generator"]["prompt"] == template_text(name)
    config["generators"]["writer"]["prompt"] = "classification"
    settings = json.loads(read_plan(config).generate_settings(made))
    assert settings["generator"]["prompt"] == template_text("classification")


def test_a_set_depends_on_the_code_of_its_own_dial_and_its_own_backend(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    own = tmp_path / "own.py"
    own.write_text("def specify(level, given, indices):\n    return []\n")
    levels = tiny["pipelines"]["topic"]["levels"]
    server = {"base_url": "http://localhost:8000/v1", "model": "m"}
    study = {
        **tiny,
        "generators": {**tiny["generators"], "server": {"backend": "openai", "openai": server}},
        "pipelines": {
            **tiny["pipelines"],
            "people": {"dial": "persona", "levels": {key: {"personas": 2} for key in levels}},
            "mine": {"dial": "module", "file": str(own), "levels": {key: {} for key in levels}},
        },
    }
    plan = read_plan(study)

    def files(generator: str, pipeline: str) -> set[str]:
        made = SimpleNamespace(generator=generator, pipeline=pipeline, level="D0")
        found = code_files("generate.py", plan.dial(made), plan.backend(made))
        names = (str(file.relative_to(SCRIPTS)) for file in found)
        return {name.removeprefix("mixtura/") for name in names}

    topic = files("writer", "topic")
    assert {"dials/topic.py", "dials/words.py", "backends/transformers.py"} < topic
    people = {"dials/persona.py"}
    assert files("writer", "people") - topic == people
    assert files("writer", "mine") - topic == {"own.py"}
    assert files("server", "people") - topic == {*people, "backends/openai.py"}
    assert topic - files("server", "people") >= {"dials/topic.py", "backends/transformers.py"}
    assert plan.measuring("diversity") == plan.measuring("shift") == plan.looping() == []
    measured = {**tiny["diversity"], "judge": "server", "own": {"mine": str(own)}}
    judged = read_plan({**study, "diversity": measured})
    assert judged.measuring("shift") == []
    told = ["mixtura.own", "mixtura.judge", "mixtura.backends", "mixtura.backends.openai"]
    assert judged.measuring("diversity") == told
