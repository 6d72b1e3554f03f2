"""Sections `diversity` and `shift`: names of measures."""

from typing import Any

import pytest

from changes import assert_refused
from mixtura.measure import diversity_panel, shift_panel
from mixtura.study import measures


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("diversity/measures", ["dcscor"], ["diversity.measures.0", "'dcscor'", "dcscore"]),
    ],
)
def test_a_wrong_measure_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)


def test_names_in_the_schema_are_those_of_the_package() -> None:
    assert tuple(diversity_panel.DIVERSITY) == measures.DIVERSITY
    assert tuple(shift_panel.SHIFT) == measures.SHIFT
