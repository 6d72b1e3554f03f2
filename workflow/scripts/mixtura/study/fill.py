"""What design fill needs of the other sections."""

from typing import TYPE_CHECKING

from mixtura.study.derived import ParaphrasePipeline, SelectionPipeline, SourcesPipeline

if TYPE_CHECKING:
    from mixtura.study.study import Study


def filling_stands_alone(study: "Study") -> None:
    """Design fill has labels of different frequency, and generated sets without the others."""
    designs = study.designs
    if not designs.fill:
        return
    if study.task.kind != "classification":
        raise ValueError(f"designs.fill: is for task.kind classification, not {study.task.kind}")
    if study.task.balance.real == "equal":
        raise ValueError(
            "task.balance.real: equal, so that no label is rare and designs.fill has nothing to "
            "fill; allowed beside it: natural"
        )
    if others := [
        key
        for key in ("mix_add", "mix_fixed", "grid", "level", "sources", "loop")
        if getattr(designs, key)
    ]:
        raise ValueError(
            f"designs.{others[0].replace('_', '-')}: needs generated rows of every label, and "
            "designs.fill has prompts ask for the rare ones alone; give each a study of its own"
        )
    for name in study.generate.pipelines:
        pipeline = study.pipelines[name]
        if isinstance(pipeline, ParaphrasePipeline | SelectionPipeline | SourcesPipeline):
            raise ValueError(
                f"designs.fill: but pipelines.{name} is of dial {pipeline.dial}, whose labels are "
                "equal; allowed beside it: other dials"
            )
    for name, model in study.downstream.items() if designs.fill.class_weights else ():
        if model.kind not in ("encoder", "probe"):
            raise ValueError(
                f"designs.fill.class_weights: true, but downstream.{name} of kind {model.kind} "
                "has no weights of classes; allowed beside it: false"
            )
