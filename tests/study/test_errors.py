"""A wrong key is named as a person wrote it, with what is allowed beside it."""

from typing import Any

import pytest

from changes import assert_refused
from mixtura.study.errors import sections, tags, walk
from mixtura.study.models import Model
from mixtura.study.pipelines import TopicPipeline
from mixtura.study.study import Study


def test_a_location_in_a_union_leaves_out_the_name_of_the_chosen_section() -> None:
    keys, allowed = walk(("pipelines", "mine", "topic", "levels", "D0", "topic"))
    assert keys == ["pipelines", "mine", "levels", "D0", "topic"] and allowed == ["topics"]
    keys, allowed = walk(("designs", "mix-add", "ratio"))
    assert keys == ["designs", "mix-add", "ratio"] and allowed == ["ratios"]
    assert walk(("models", "a b", "[key]"))[0] == ["models", "a b"]


def test_sections_inside_a_type_and_the_names_of_a_union() -> None:
    assert sections(dict[str, Model] | None) == [Model] and sections(list[int]) == []
    assert tags(TopicPipeline) == ["topic"] and tags(Study) == []


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (
            "pipelines/x",
            {"dial": "color"},
            ["pipelines.x.dial: 'color' is wrong; allowed: 'topic'"],
        ),
        ("pipelines/x", {"levels": {}}, ["pipelines.x.dial: missing"]),
        ("task/tets", 40, ["task.tets: unknown key (value 40); did you mean 'test'? allowed: "]),
        ("task/data", {"path": "gone", "hub": "x"}, ["task.data: "]),
        ("a b", 1, ["a b: unknown key (value 1); allowed: study, seed"]),
        ("models/a b", {"hub": "x"}, ["models.a b: "]),
        ("smallest_gain", "1e-2", ["'1e-2' is wrong", "YAML reads this as text, write 0.01"]),
        ("generate/n", "1e2", ["YAML reads this as text, write 100"]),
    ],
)
def test_every_kind_of_error_has_its_words(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
