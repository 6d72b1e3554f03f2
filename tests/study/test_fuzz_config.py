"""Any value at any key is a study, or a ConfigError that says what is wrong."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtura.plan.plan import Plan, read_plan
from mixtura.study.base import ConfigError

ROOT = Path(__file__).parents[2]
DEMO = yaml.safe_load((ROOT / "config/config.yaml").read_text())
WORDS = (
    "D0",
    "D3",
    "topic",
    "smollm2",
    "minilm",
    "equal",
    "steps",
    "none",
    "../x",
    "",
    "\x00",
    "é",
)
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-3, 300)
    | st.integers()
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner),
    max_leaves=4,
)


def paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every key and item of a configuration."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in inner:
        yield (*before, key)
        if isinstance(part, dict | list):
            yield from paths(part, (*before, key))


CHANGES = st.lists(st.tuples(st.sampled_from(sorted(paths(DEMO), key=str)), VALUES), max_size=3)


def plans_or_says(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    config = copy.deepcopy(DEMO)
    for path, value in changes:
        place: Any = config
        try:
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = value
        except (KeyError, IndexError, TypeError):  # an earlier change took the place away
            continue
    try:
        assert isinstance(read_plan(config), Plan)
    except ConfigError as error:
        assert str(error).strip()


@pytest.mark.parametrize("examples", [100, pytest.param(5_000, marks=pytest.mark.slow)])
def test_any_value_is_planned_or_refused(examples: int) -> None:
    settings(max_examples=examples)(given(CHANGES)(plans_or_says))()
