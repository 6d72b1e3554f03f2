"""Section `downstream`: kinds and their keys."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from changes import assert_refused, changed
from mixtura.study.downstream import Encoder
from mixtura.study.load import load_study
from mixtura.train.settings import Search


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("downstream/reader/kind", "prob", ["downstream.reader.kind", "'prob'", "encoder"]),
        ("downstream/reader/step", 1, ["downstream.reader.step: unknown", "did you mean 'steps'"]),
        ("downstream/reader/steps", 0, ["downstream.reader.steps: 0", "greater than 0"]),
        ("downstream/reader", {"kind": "probe", "steps": 3}, ["steps: unknown", "embedder, c"]),
        ("downstream/reader/mixes", {"levels": ["D3"]}, ["mixes.levels: 'D3'", "allowed: D0, D6"]),
        ("downstream/reader/mixes", {"real": [4]}, ["mixes.real: 4 is not", "allowed: 0, 16"]),
        (
            "downstream/reader/mixes",
            {"designs": ["level"], "real": [16]},
            ["downstream.reader.mixes: {'designs': ['level'], 'real': [16]} fit no mix"],
        ),
    ],
)
def test_a_wrong_downstream_model_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)


def test_numbers_written_without_a_point_are_numbers(tiny: dict[str, Any]) -> None:
    written = yaml.safe_load("1e-4")  # a string for YAML 1.1
    study = load_study(changed(tiny, "downstream/reader/learning_rate", written))
    assert study.downstream["reader"].learning_rate == 1e-4


def test_passes_over_real_rows_are_those_of_real_rows_alone() -> None:
    model = Encoder(model="reader", regime="real_passes", steps=20, batch_size=16)
    assert model.for_mix(64, 16).steps == 80 and model.for_mix(16, 16).steps == 20
    assert model.for_mix(32, 8).steps == 40  # 8 rows are one batch, 32 are two
    assert model.for_mix(0, 16) is model  # nothing is trained
    searched = Encoder(model="reader", regime="real_passes", search=Search(steps=[10, 20]))
    assert searched.for_mix(64, 16).search.steps == [40, 80]
    assert Encoder(model="reader").for_mix(64, 16).steps == 200


def test_a_regime_and_its_length_go_together() -> None:
    assert Encoder(model="reader", epochs=3).regime == "epochs"
    for wrong in ({"regime": "epochs"}, {"regime": "real_passes", "epochs": 2}):
        with pytest.raises(ValidationError, match="regime"):
            Encoder(model="reader", **wrong)
    assert "regime" not in Encoder(model="reader").model_dump()  # runs depend on steps alone
