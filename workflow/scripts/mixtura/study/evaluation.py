"""Section `evaluation`: what scores answers beside the metrics of the kind of task."""

from typing import TYPE_CHECKING

from pydantic import Field

from mixtura.core.settings import Name
from mixtura.study.base import Section, listed

if TYPE_CHECKING:
    from mixtura.study.study import Study


class Evaluation(Section):
    """What scores answers beside the metrics of the kind of task."""

    judge: Name | None = Field(
        None,
        description="task.kind instruction: key of `generators`, a language model that scores "
        "every answer to a test row from 1 to 5 without the right one (metric judge_score); of "
        "another model than those in `downstream`, and refused unless it ranks real answers above "
        "those of other rows; default: off",
    )


def judge_of_answers_is_another_model(study: "Study") -> None:
    """The judge of answers is a generator, for instructions, and not of a model that is trained."""
    name = study.evaluation.judge
    if not name:
        return
    if study.task.kind != "instruction":
        raise ValueError(
            f"evaluation.judge: {name!r}; allowed: none with task.kind {study.task.kind}, a judge "
            "is for instruction"
        )
    trained = [getattr(model, "model", None) for model in study.downstream.values()]
    sources = [study.models[model] for model in trained if model]
    models = {key: generator.model for key, generator in study.generators.items()}
    others = [key for key, m in models.items() if not m or study.models[m] not in sources]
    if name not in study.generators:
        raise ValueError(f"evaluation.judge: {name!r} is not defined; allowed: {listed(others)}")
    if name not in others:
        raise ValueError(
            f"evaluation.judge: {name!r} is of model {models[name]!r}, which `downstream` trains: "
            f"it would judge answers of its own; allowed: {listed(others) or 'other models'}"
        )
