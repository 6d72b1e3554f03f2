"""Memory that a training takes on a GPU, before any ran."""

from collections.abc import Iterator
from types import SimpleNamespace

from mixtura.plan.machine import Check
from mixtura.plan.resources import JobResources
from mixtura.plan.sets import Sets
from mixtura.study.downstream import FineTuned
from mixtura.study.study import Study
from mixtura.train.settings import Training

# Bytes a weight.
TRAINED = 16.0  # of float32: the weight, its gradient, two moments of AdamW
ADAPTED = 2.0 + 0.01 * TRAINED  # bfloat16 below adapters, which are taken to be 1 % of the weights
QUANTIZED = 0.8 + 0.01 * TRAINED  # 4 bits in linear layers, 16 in embeddings


def training_gigabytes(model: Training, billions: float, gpus: int) -> float:
    """GB on each GPU for weights, gradients and optimiser; those of activations come on top."""
    lora = getattr(model, "lora", None)
    each = (QUANTIZED if lora.quantize else ADAPTED) if lora else TRAINED
    return each * billions / (max(1, gpus) if getattr(model, "sharded", False) else 1)


def memory_checks(study: Study) -> Iterator[Check]:
    """What trainings on GPUs take there, of models whose size is known."""
    resources = JobResources(Sets(study))
    for name, model in study.downstream.items():
        if isinstance(model, FineTuned) and (billions := study.models[model.model].parameters):
            gpus = resources.settings("finetune", SimpleNamespace(model=name)).gpu
            if gpus:
                least = training_gigabytes(model, billions, gpus)
                words = f"{least:.0f} GB on each of {gpus} GPUs, without activations"
                yield Check(f"downstream.{name}", words)
