"""A whole study."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("study", "../escape", ["study", "../escape"]),
        ("seeds", [], ["seeds", "at least 1"]),
    ],
)
def test_a_wrong_name_or_no_seed_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
