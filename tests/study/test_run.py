"""Section `generate`: numbers and keys."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (
            "generate/batchsize",
            3,
            ["generate.batchsize", "unknown key", "3", "allowed: generators"],
        ),
        ("generate/n", "many", ["generate.n", "'many'", "valid integer"]),
    ],
)
def test_a_wrong_value_of_generate_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
