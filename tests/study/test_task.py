"""Section `task`: kinds, labels and where the rows come from."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("task/data", {"path": "gone.csv"}, ["task.data", "'gone.csv'"]),
        ("task/shifted", {"x": {"package": "gone"}}, ["task.shifted.x", "'gone'", "tweets"]),
        ("task/kind", "qa", ["task: labels: kind qa has none"]),
        ("task/unanswerable", True, ["unanswerable", "kind classification has no questions"]),
        ("task/language", "German", ["task.language", "'German'"]),
        ("task/kind", "tagging", ["task.kind", "'tagging'", "instruction"]),
    ],
)
def test_a_wrong_task_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
