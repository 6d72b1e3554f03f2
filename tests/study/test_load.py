"""A study is loaded whole, or refused with one clear message."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from changes import assert_refused, changed
from conftest import ROOT
from mixtura.plan.plan import read_plan
from mixtura.study.base import ConfigError
from mixtura.study.load import load_study, retype


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("task/shifted", {"test": {"package": "tweets"}}, ["task.shifted.test", "own test split"]),
        (
            "task/test",
            400,
            ["task.data: 200 rows are left for task.test, 400 needed", "fit are task.test"],
        ),
        ("task/labels", {"pos": "positive", "meh": "so"}, ["row 2: label 'neg'", "(pos, meh)"]),
        (
            "task/labels",
            {"pos": "positive", "neg": "negative", "meh": "neutral"},
            ["label 'neutral' has 0 rows left for task.reference", "100 negative"],
        ),
    ],
)
def test_too_few_rows_are_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.name)
def test_every_shipped_configuration_is_accepted(file: Path) -> None:
    plan = read_plan(yaml.safe_load(file.read_text()))
    assert plan.sets.arms and plan.findings.predictions()


def test_a_missing_section_is_named(tiny: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^models: missing$"):
        load_study({key: value for key, value in tiny.items() if key != "models"})


def test_more_real_rows_than_an_embedded_source_has() -> None:
    demo = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    with pytest.raises(
        ConfigError, match=r"72 rows are left for task.reference, 400 needed. .* 10000, .*test 96"
    ):
        load_study(changed(demo, "task/test", 10_000))


def test_too_few_rows_of_a_shifted_test_set_are_refused() -> None:
    demo = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    demo["task"]["shifted"] = {"x": {"package": "tweets"}}
    with pytest.raises(ConfigError, match=r"x: 3432 rows are left for task.shifted_rows, 100000"):
        load_study(changed(demo, "task/shifted_rows", 100_000))


def test_a_dial_of_temperature_needs_a_model_that_takes_one(tiny: dict[str, Any]) -> None:
    levels = {"D0": {"temperature": 0.2}, "D6": {"temperature": 1.0}}
    server = {"backend": "openai", "openai": {"base_url": "http://x", "model": "o3"}}
    study = {
        **tiny,
        "generators": {"writer": server},
        "pipelines": {"topic": {"dial": "temperature", "levels": levels}},
    }
    with pytest.raises(
        ConfigError, match=r"pipelines\.topic.dial: .* generators\.writer: o3 takes"
    ):
        load_study(study)
    server["openai"]["model"] = "m"
    load_study(study)


def test_the_configuration_imports_no_library_of_learning() -> None:
    code = "import sys, mixtura.study.load; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    heavy = {"torch", "sklearn", "transformers", "scipy", "numpy", "polars", "matplotlib"}
    assert not heavy & set(modules)


def test_lists_and_mappings_of_the_command_line_hold_numbers() -> None:
    config = {"seeds": ["0", "1"], "task": {"test": "50", "noun": "text", "labels": {"0": "yes"}}}
    retype(config, {"seeds": ["0", "1"], "task": {"test": "50"}, "absent": ["1"]})
    assert config["seeds"] == [0, 1]
    assert config["task"] == {"test": 50, "noun": "text", "labels": {"0": "yes"}}


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("task/name", "splits", ["task", "name of a table"]),
        ("generate/overgenerate", float("inf"), ["generate.overgenerate", "finite"]),
        ("generate/cap", float("nan"), ["generate.cap", "finite"]),
        ("generators/writer/sampling/temperature", float("inf"), ["temperature", "finite"]),
        (
            "pipelines",
            {"loop-replace": {"dial": "temperature", "levels": {"D0": {"temperature": 1.0}}}},
            ["pipelines.loop-replace", "designs.loop"],
        ),
    ],
)
def test_what_would_fail_in_a_job_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    value = {**tiny["pipelines"], **value} if path == "pipelines" else value
    assert_refused(tiny, path, value, *parts)


@pytest.mark.parametrize("line", ["{% include 'more.j2' %}", "{% extends 'more.j2' %}"])
def test_a_template_is_one_file(line: str, tiny: dict[str, Any], tmp_path: Path) -> None:
    template = tmp_path / "prompt.j2"
    template.write_text(line + "{{ label }}")
    assert_refused(tiny, "generators/writer/prompt", str(template), "prompt.j2", "one file")
