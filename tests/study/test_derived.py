"""Section `pipelines`: those whose sets come from other sets."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("pipelines/bare", {"of": "topic"}, ["pipelines.bare.curation: missing"]),
        (
            "pipelines/bare",
            {"of": "topic", "curation": "none", "levels": {}},
            ["pipelines.bare.levels: unknown key", "allowed: dial, of, curation"],
        ),
    ],
)
def test_a_wrong_derived_pipeline_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
