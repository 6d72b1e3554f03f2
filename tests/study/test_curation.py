"""Section `curation`: steps, filters and built-in variants."""

from typing import Any

import pytest

from changes import assert_refused


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (
            "curation",
            {"mine": {"filters": {"lenght": {}}}},
            ["curation.mine.filters.lenght", "length"],
        ),
        ("curation", {"full": {"fuzzy": {"threshold": 0}}}, ["curation.full.fuzzy.threshold", "0"]),
        ("curation", {"full": {"exakt": True}}, ["curation.full.exakt", "did you mean 'exact'"]),
    ],
)
def test_a_wrong_variant_of_curation_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)
