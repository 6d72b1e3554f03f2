"""Section `models`: where models come from."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("models/writer", {"package": "gpt"}, ["models.writer", "'gpt'", "smollm2-135m-instruct"]),
        ("models/writer", {"path": "/nowhere"}, ["models.writer", "'/nowhere'", "config.json"]),
        ("models/writer", {}, ["models.writer", "exactly one of package, path, hub"]),
    ],
)
def test_a_wrong_model_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
