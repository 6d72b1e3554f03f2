"""Section `generators`: backends have their sections, templates exist."""

from typing import Any

import pytest

from changes import assert_refused, changed
from mixtura.generate.settings import TokenPrices
from mixtura.plan.writers import prompted_model
from mixtura.study.load import load_study


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("generators/writer/sampling/temprature", 1, ["did you mean 'temperature'"]),
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
        ("generators/writer/system", "Be brief.", ["generators.writer", "system: needs format"]),
        (
            "generators/writer",
            {
                "backend": "openai",
                "sampling": {"temperature": 1.2},
                "openai": {"base_url": "http://x", "model": "claude-x"},
            },
            ["generators.writer", "sampling.temperature: 1.2", "allowed: up to 1"],
        ),
    ],
)
def test_a_wrong_generator_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)


@pytest.mark.parametrize(
    ("form", "tidy", "is_tidied"),
    [("chat", None, True), ("completion", None, False), ("chat", False, False)],
)
def test_what_assistants_put_around_texts_goes_in_a_chat_unless_a_person_says_no(
    tiny: dict[str, Any], form: str, tidy: bool | None, is_tidied: bool
) -> None:
    openai = {"base_url": "http://x", "model": "m"}
    writer = {"backend": "openai", "openai": openai, "format": form, "tidy": tidy}
    study = load_study(changed(tiny, "generators/writer", writer))
    assert prompted_model(study, "writer").tidy == is_tidied


def test_prices_written_without_a_point_are_numbers() -> None:
    written = dict.fromkeys(TokenPrices.model_fields, "5e-2")  # a string for YAML 1.1
    assert set(TokenPrices.model_validate(written).model_dump().values()) == {0.05}
