"""Section `designs`: mixes and controls."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("designs/controls", ["chance"], ["designs.controls.0", "'chance'", "zero-shot"]),
    ],
)
def test_a_wrong_design_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
