"""Section designs.alternatives: what it refuses, and which arms it makes."""

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from changes import assert_refused
from mixtura.curate.settings import TranslateSettings
from mixtura.plan.designs import Arm
from mixtura.plan.plan import read_plan
from mixtura.plan.questions import QuestionsOfJobs

SECTION: dict[str, Any] = {"few-shot": {"generator": "writer"}, "eda": {"n": 10}}


def study(tiny: dict[str, Any], **changes: Any) -> dict[str, Any]:
    config = copy.deepcopy(tiny)
    config["designs"] |= {"controls": ["repeated"], "alternatives": {**SECTION, **changes}}
    return config


def test_alternatives_are_arms_beside_the_same_real_rows(tiny: dict[str, Any]) -> None:
    plan = read_plan(study(tiny))
    points = [point for point in plan.sets.points if point.design == "alternatives"]
    few_shot, eda = (point.arm for point in points)
    assert (few_shot.n_generated, few_shot.shots, eda.n_generated, eda.shown) == (0, 2, 10, 16)
    assert {point.baseline for point in points} == {Arm(16)}
    assert [point.control for point in points] == [None, Arm(16, repeat_to=26)]
    assert few_shot.name not in plan.sets.arms_of("reader")  # nothing is trained
    assert [key.name for key in plan.sets.mixed_sets(eda.name, 1)] == [
        "words/eda/alternative/r1-16"
    ]
    assert all(key.level != "alternative" for key in plan.sets.sets)  # nothing measures them
    assert len(plan.alternatives.answers("few-shot")) == len(plan.sets.replicates)


def test_a_model_on_some_mixes_has_the_alternatives_of_its_real_rows(tiny: dict[str, Any]) -> None:
    config = study(tiny)
    config["designs"]["real"] = [8, 16]
    config["designs"]["mix-add"] = {"ratios": [0.5]}
    config["downstream"]["reader"]["mixes"] = {"real": [8]}
    sets = read_plan(config).sets
    sizes = {
        sets.arms[name].n_real
        for name in sets.arms_of("reader")
        if sets.arms[name].pipeline == "eda"
    }
    assert sizes == {8}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"real": [4]}, "designs.alternatives.real: 4; allowed: 16"),
        ({"few-shot": {"generator": "x"}}, "few-shot.generator: 'x' is not defined"),
        ({"labelled": {"generator": "writer"}}, "labelled: needs task.unlabelled"),
        ({"eda": {"alpha": 2.0}}, "alpha"),
        ({"back-translation": {"generator": "x"}}, "back-translation.generator: 'x' is not"),
        ({"back-translation": {"generator": "writer", "pivot": "english"}}, "is the language of"),
    ],
)
def test_what_cannot_be_is_refused(
    tiny: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    key, value = next(iter(changes.items()))
    assert_refused(study(tiny), f"designs/alternatives/{key}", value, words)


def test_names_of_their_sets_are_not_free(tiny: dict[str, Any]) -> None:
    words = "pipelines.eda: designs.alternatives has sets of this name"
    assert_refused(study(tiny), "pipelines/eda", tiny["pipelines"]["topic"], words)


def test_the_languages_of_back_translation_are_named(tiny: dict[str, Any]) -> None:
    section = {"generator": "writer", "n": 6}
    config = study(tiny, **{"back-translation": section})
    plan = read_plan(config)
    arm = next(point.arm for point in plan.sets.points if point.arm.pipeline == "back-translation")
    assert (arm.n_real, arm.n_generated, arm.generator) == (16, 6, "writer")
    settings = plan.alternatives.translate_settings(SimpleNamespace(generator="writer"))
    assert '"language":"English"' in settings and '"pivot":"German"' in settings
    questions = QuestionsOfJobs(plan, Path("absent")).of("translate", {"generator": "writer"})
    assert questions and questions.prompts == 12  # there and back
    assert questions.prompt.endswith("The same text in German:")
    config["task"]["language"] = "de"
    settings = read_plan(config).alternatives.translate_settings(
        SimpleNamespace(generator="writer")
    )
    assert '"language":"German"' in settings and '"pivot":"English"' in settings
    config["task"]["language"] = "sv"
    words = "back-translation.language: missing; name the language of the rows (task.language sv)"
    assert_refused(config, "designs/alternatives/back-translation", section, words)


def pair_of(tiny: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The study with two models that translate."""
    config = study(tiny, **{"back-translation": {"generator": "there", "back": "back", **changes}})
    for name in ("there", "back"):
        config["models"][name] = {"hub": f"opus/{name}"}
        config["generators"][name] = {"model": name, "backend": "seq2seq"}
    return config


def test_a_pair_of_models_translates(tiny: dict[str, Any]) -> None:
    config = pair_of(tiny, n=6)
    config["task"]["language"] = "sv"  # which no prompt has to name
    plan = read_plan(config)
    names = SimpleNamespace(generator="there")
    folders = plan.alternatives.translating_models(names)
    assert [Path(folder).name for folder in folders] == ["there", "back"]
    settings = TranslateSettings.from_json(plan.alternatives.translate_settings(names))
    assert settings.back and (settings.generator.model, settings.back.model) == ("there", "back")
    assert settings.pivot is settings.language is None
    questions = QuestionsOfJobs(plan, Path("absent")).of("translate", {"generator": "there"})
    assert questions and questions.prompts == 12
    assert set(questions.prompt) == {"x"}  # the text alone


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "designs/alternatives/back-translation/back",
            "writer",
            "in a pair: generators of backend",
        ),
        ("designs/alternatives/back-translation/back", "x", "back: 'x'; allowed in a pair"),
        ("designs/alternatives/back-translation/back", None, "back: missing; 'there' translates"),
        ("designs/alternatives/back-translation/pivot", "German", "pivot: two models have their"),
        ("generators/there/format", "chat", "a model of backend seq2seq gets the text alone"),
        ("generate/generators", ["there"], "generate.generators: generators.there is of backend"),
        ("designs/alternatives/few-shot/generator", "back", "generators.back is of backend seq2s"),
        ("diversity/judge", "back", "diversity.judge: generators.back is of backend seq2seq"),
    ],
)
def test_a_model_that_translates_does_nothing_else(
    tiny: dict[str, Any], path: str, value: Any, words: str
) -> None:
    assert_refused(pair_of(tiny), path, value, words)
