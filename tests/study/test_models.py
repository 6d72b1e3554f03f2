"""Section `models`: where models come from."""

from typing import Any

import pytest

from changes import assert_refused
from mixtura.study.models import Model


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


def test_parameters_written_without_a_point_are_a_number_that_settings_leave_out() -> None:
    model = Model.model_validate({"hub": "someone/model", "parameters": "5e-1"})
    assert model.parameters == 0.5 and "parameters" not in model.model_dump()
