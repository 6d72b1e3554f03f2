"""Settings of scoring and comparing on their way through params."""

from typing import get_args

from mixtura.infer.metrics import METRICS
from mixtura.infer.passes import PASSES
from mixtura.infer.scoring import TEXT_METRICS
from mixtura.infer.settings import (
    METRICS_OF_ANSWERS,
    METRICS_OF_JUDGE,
    METRICS_OF_KIND,
    METRICS_OF_RANKS,
    ArmRow,
    EvaluateSettings,
    FindingsSettings,
    Round,
)
from mixtura.infer.tables import Arms, ItemPredictions
from mixtura.train.settings import Kind


def test_settings_come_back_as_they_were() -> None:
    names = dict.fromkeys(("generator", "pipeline", "level", "shown", "baseline", "control"))
    counts = {"n_real": 8, "n_generated": 0, "share": 0.0, "rows": 8}
    arm = ArmRow(arm="a", design="real-only", **names, **counts)
    scored = {"labels": ["no", "yes"], "metrics": ["accuracy"], "group": None, "language": "en"}
    evaluate = EvaluateSettings(arms=[arm], **scored)
    assert EvaluateSettings.from_json(evaluate.to_json()) == evaluate
    assert [*arm.model_dump(), *PASSES] == list(Arms.columns())
    first = Round(scheme="grown", round=0, written=("writer", "topic", "D6"), arm="a")
    names = {"metrics": ["accuracy"], "models": ["reader"], "rounds": [first]}
    findings = FindingsSettings(**names, seed=0, smallest_gain=0.02, shared=False)
    assert FindingsSettings.from_json(findings.to_json()) == findings


def test_every_kind_of_task_has_metrics_whose_numbers_predictions_hold() -> None:
    assert set(METRICS_OF_KIND) == set(get_args(Kind))
    metrics = {name for names in METRICS_OF_KIND.values() for name in names}
    metrics |= {*METRICS_OF_ANSWERS, *METRICS_OF_JUDGE, *METRICS_OF_RANKS}
    assert metrics == set(METRICS) and set(TEXT_METRICS) < metrics
    numbers = {column for metric in METRICS.values() for column in metric.columns}
    assert numbers <= set(ItemPredictions.columns())
