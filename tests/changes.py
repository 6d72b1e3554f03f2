"""A configuration with one key changed, and what is said about a wrong one."""

import copy
from typing import Any

import pytest

from mixtura.plan.plan import read_plan
from mixtura.study.base import ConfigError


def changed(study: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of the configuration with the key at `path`, parts between slashes, set."""
    copied = copy.deepcopy(study)
    section = copied
    *parents, last = path.split("/")
    for part in parents:
        section = section[part]
    section[last] = value
    return copied


def assert_refused(study: dict[str, Any], path: str, value: Any, *parts: str) -> None:
    """The study with this value is an error whose message holds every part."""
    with pytest.raises(ConfigError) as error:
        read_plan(changed(study, path, value))
    for part in parts:
        assert part in str(error.value)
