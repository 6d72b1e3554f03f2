"""How often a study is made anew."""

from typing import Any

import pytest

from mixtura.study.load import load_study
from mixtura.study.replicates import ReplicatesSection


@pytest.mark.parametrize(
    ("value", "count", "share"),
    [
        (3, 3, []),
        ({"count": 2}, 2, []),
        ({"count": 2, "share": ["generated"]}, 2, ["generated"]),
    ],
)
def test_a_number_alone_is_the_count(
    tiny: dict[str, Any], value: Any, count: int, share: list[str]
) -> None:
    replicates = load_study({**tiny, "replicates": value}).replicates
    assert (replicates.count, replicates.share) == (count, share)


def test_a_study_has_one_replicate_unless_it_says_more(tiny: dict[str, Any]) -> None:
    assert load_study(tiny).replicates == ReplicatesSection()
