"""What the jobs that write rows look up."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mixtura.core.code import SCRIPTS, code_files
from mixtura.generate.templates import template_text
from mixtura.plan.plan import Plan, read_plan


@pytest.fixture
def plan(tiny: dict[str, Any]) -> Plan:
    return read_plan(tiny)


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
        parsed = code_files("generate.py", plan.generate.dial(card), plan.engines.backend(card))
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
