"""The configuration is checked whole: one clear message with key, value and what is allowed."""

import copy
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from mixtura import config, curate, diversity_panel, filters, shift_panel
from mixtura.config import ConfigError, load_study
from mixtura.plan import read_plan

ROOT = Path(__file__).parent.parent


def changed(study: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the configuration with one key set."""
    copied = copy.deepcopy(study)
    section = copied
    *parents, last = path.split("/")
    for part in parents:
        section = section[part]
    section[last] = value
    return copied


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.name)
def test_every_shipped_configuration_is_accepted(file: Path) -> None:
    plan = read_plan(yaml.safe_load(file.read_text()))
    assert plan.arms and plan.predictions()


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (
            "generate/batchsize",
            3,
            ["generate.batchsize", "unknown key", "3", "allowed: generators"],
        ),
        ("generators/writer/sampling/temprature", 1, ["did you mean 'temperature'"]),
        ("pipelines/topic/levels/D0/topic", 1, ["pipelines.topic.levels.D0.topic", "topics"]),
        ("generate/n", "many", ["generate.n", "'many'", "valid integer"]),
        ("generate/levels", ["D0", "D5"], ["'D5'", "pipelines.topic", "allowed: D0, D6"]),
        ("generate/levels", ["D0", "D0"], ["generate.levels", "twice"]),
        ("generators/writer/model", "gpt", ["generators.writer.model", "'gpt'", "writer, reader"]),
        (
            "generators/writer/prompt",
            "gone.j2",
            ["generators.writer", "no template file 'gone.j2'"],
        ),
        (
            "generators/writer/prompt",
            "poem",
            ["'poem' is no template; allowed: classification, classification-chat"],
        ),
        ("pipelines/topic/prompt", "gone.j2", ["pipelines.topic", "no template file 'gone.j2'"]),
        ("generators/writer/prompt", "topics", ["'topics' shows shown; known fields: label, noun"]),
        ("generators/writer/backend", "vllm", ["generators.writer", "give the section vllm"]),
        ("generators/writer/vllm", {"python": "gone/python"}, ["no program at 'gone/python'"]),
        (
            "generators/writer",
            {
                "model": "writer",
                "backend": "openai",
                "openai": {"base_url": "http://x", "model": "m"},
            },
            ["generators.writer", "name it in openai.model"],
        ),
        (
            "generators/writer",
            {"backend": "openai", "openai": {"base_url": "x.org", "model": "m"}},
            ["generators.writer.openai.base_url", "'x.org'"],
        ),
        ("generators/writer", {"backend": "transformers"}, ["generators.writer", "give a model"]),
        ("models/writer", {"package": "gpt"}, ["models.writer", "'gpt'", "smollm2-135m-instruct"]),
        ("models/writer", {"path": "/nowhere"}, ["models.writer", "'/nowhere'", "config.json"]),
        ("models/writer", {}, ["models.writer", "exactly one of package, path, hub"]),
        ("task/data", {"path": "gone.csv"}, ["task.data", "'gone.csv'"]),
        ("designs/real", [32], ["designs.real", "32", "task.examples", "16"]),
        ("designs/real", [15], ["designs.real", "15", "multiple of the 2 labels"]),
        ("designs/mix-add", {"ratios": [9]}, ["designs.mix-add.ratios", "144", "16"]),
        ("designs/mix-fixed", {"total": 16, "shares": [0.3]}, ["mix-fixed.shares", "4.8"]),
        (
            "designs/mix-fixed",
            {"total": 32, "shares": [0.5]},
            ["designs.real: 32 real", "task.examples"],
        ),
        (
            "designs/grid",
            {"generated": [18]},
            ["designs.grid.generated", "18", "up to generate.n = 16"],
        ),
        ("designs/sources", {}, ["designs.sources", "names 1", "two or more"]),
        ("designs/controls", ["chance"], ["designs.controls.0", "'chance'", "zero-shot"]),
        ("task/shifted", {"test": {"package": "tweets"}}, ["task.shifted.test", "own test split"]),
        ("task/shifted", {"x": {"package": "gone"}}, ["task.shifted.x", "'gone'", "tweets"]),
        ("task/reference", 16, ["task.reference", "16", "32"]),
        ("task/test", 400, ["task.data", "'pos' has 100 rows", "task.test (400)"]),
        ("task/labels", {"pos": "positive", "meh": "neutral"}, ["'meh' has 0 rows", "neg, pos"]),
        ("diversity/measures", ["dcscor"], ["diversity.measures.0", "'dcscor'", "dcscore"]),
        ("task/kind", "qa", ["task: labels: kind qa has none"]),
        ("task/kind", "tagging", ["task.kind", "'tagging'", "instruction"]),
        ("task/labels", None, ["task: labels: missing; kind classification needs them"]),
        (
            "curation",
            {"mine": {"filters": {"lenght": {}}}},
            ["curation.mine.filters.lenght", "length"],
        ),
        ("curation", {"full": {"fuzzy": {"threshold": 0}}}, ["curation.full.fuzzy.threshold", "0"]),
        (
            "curation",
            {"full": {"filters": {"label_consistency": {"judge": "gpt"}}}},
            ["curation.full.filters.label_consistency.judge: 'gpt'", "allowed: writer"],
        ),
        ("curation", {"full": {"embedder": "gpt"}}, ["curation.full.embedder: 'gpt'"]),
        ("curation", {"full": {"exakt": True}}, ["curation.full.exakt", "did you mean 'exact'"]),
        (
            "pipelines/topic/curation",
            "fll",
            ["pipelines.topic.curation: 'fll'", "none, exact, full"],
        ),
        ("pipelines/bare", {"of": "topc", "curation": "none"}, ["pipelines.bare.of", "topic"]),
        ("pipelines/bare", {"of": "topic"}, ["pipelines.bare.curation: missing"]),
        (
            "pipelines/bare",
            {"of": "topic", "curation": "none", "levels": {}},
            ["pipelines.bare.levels: unknown key", "allowed: dial, of, curation"],
        ),
        ("downstream/reader/kind", "prob", ["downstream.reader.kind", "'prob'", "encoder"]),
        ("downstream/reader/step", 1, ["downstream.reader.step: unknown", "did you mean 'steps'"]),
        ("downstream/reader/steps", 0, ["downstream.reader.steps: 0", "greater than 0"]),
        (
            "downstream/reader",
            {"kind": "probe", "embedder": "writer"},
            ["downstream.reader.embedder", "'writer'", "allowed: reader"],
        ),
        (
            "pipelines/again",
            {
                **{"dial": "paraphrase", "of": "topic", "level": "D6", "prompt": "topics"},
                "levels": {"D0": {"sources": 1}},
            },
            ["pipelines.again.prompt: 'topics' shows shown; known fields: label, noun"],
        ),
        ("downstream/reader", {"kind": "probe", "steps": 3}, ["steps: unknown", "embedder, c"]),
        ("study", "../escape", ["study", "../escape"]),
        ("seeds", [1, 1], ["seeds", "twice"]),
        ("seeds", [], ["seeds", "at least 1"]),
    ],
)
def test_a_wrong_value_is_named(
    tiny: dict[str, Any], path: str, value: Any, told: list[str]
) -> None:
    with pytest.raises(ConfigError) as error:
        read_plan(changed(tiny, path, value))
    for part in told:
        assert part in str(error.value)


def test_a_task_without_labels_counts_its_rows(tiny: dict[str, Any]) -> None:
    task = {**tiny["task"], "kind": "text"}
    del task["labels"]
    causal = {"model": "writer", "kind": "causal-lm"}
    text = {**tiny, "task": task, "downstream": {"writer": causal}}
    assert read_plan(text).study.task.words == ["text"]
    with pytest.raises(ConfigError, match=r"task.data: 200 rows, but task.test \(400\)"):
        read_plan({**text, "task": {**task, "test": 400}})
    with pytest.raises(ConfigError, match=r"reader.kind: 'encoder' needs labels; .* causal-lm"):
        read_plan({**text, "downstream": tiny["downstream"]})
    leak = {"full": {"filters": {"label_leak": {}}}}
    with pytest.raises(ConfigError, match=r"full.filters.label_leak: task.kind text has no labels"):
        read_plan({**text, "curation": leak})
    same = {"topic": tiny["pipelines"]["topic"]}
    same["again"] = {"dial": "paraphrase", "of": "topic", "level": "D6", "paraphrases": 2}
    same["again"]["levels"] = {"D0": {"sources": 1}}
    task = {**task, "kind": "instruction"}
    with pytest.raises(ConfigError, match="'paraphrase' is for one line of text or a question"):
        read_plan({**text, "task": task, "pipelines": same})
    levels = {level: {"contexts": 1} for level in ("D0", "D6")}
    with pytest.raises(ConfigError, match=r"'context' needs task.kind qa, not text"):
        read_plan({**text, "pipelines": {"topic": {"dial": "context", "levels": levels}}})


def test_a_missing_section_is_named(tiny: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^models: missing$"):
        load_study({key: value for key, value in tiny.items() if key != "models"})


def test_more_real_rows_than_an_embedded_source_has() -> None:
    demo = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    with pytest.raises(
        ConfigError, match=r"label 'negative' has 5076 rows, but task.test \(10000\)"
    ):
        load_study(changed(demo, "task/test", 10_000))


def test_numbers_written_without_a_point_are_numbers(tiny: dict[str, Any]) -> None:
    written = yaml.safe_load("1e-4")  # a string for YAML 1.1
    study = load_study(changed(tiny, "downstream/reader/learning_rate", written))
    assert study.downstream["reader"].learning_rate == 1e-4


def test_names_in_the_schema_are_those_of_the_package() -> None:
    assert tuple(diversity_panel.DIVERSITY) == config.DIVERSITY
    assert tuple(shift_panel.SHIFT) == config.SHIFT
    assert set(config.Decontaminate.model_fields) == set(curate.DECONTAMINATE)
    steps = set(config.Curation.model_fields) - {"against_real", "embedder"}
    assert steps == set(curate.STEPS)


def test_filters_in_the_schema_have_the_settings_and_defaults_of_the_package() -> None:
    fields = config.Filters.model_fields
    assert list(fields) == list(filters.FILTERS)
    for name, field in fields.items():
        (section,) = config.sections(field.annotation)
        arguments = inspect.signature(filters.FILTERS[name]).parameters
        for key, given in section.model_fields.items():
            default = arguments[key].default
            if key == "kinds":
                default = list(filters.PII)
            if (name, key) == ("language", "languages"):
                default = [default]
            # null and an empty list leave the package's own
            assert given.default in (default, None) or (not given.default and not default), (
                name,
                key,
            )
