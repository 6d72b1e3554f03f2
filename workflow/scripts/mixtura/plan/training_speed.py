"""How long a run of a downstream model trains, before any was measured."""

from mixtura.study.downstream import CausalLM, Encoder
from mixtura.study.study import Study
from mixtura.train.search import settings_to_try
from mixtura.train.settings import Training, optimiser_steps

TRAINED_PER_SECOND = {False: 3_000, True: 40_000}  # tokens fine-tuned, of a small model
FLOPS = {False: 5e10, True: 2e14}  # a second, sustained: a fifth of what an H100 can in bfloat16
CHARACTERS = 4  # of a token, in English
MARKS = 4  # tokens of a row beside those of its text


class TrainingSpeed:
    """Seconds of a training, from the configuration alone.

    `characters` are those of a mean row; where they are not known, rows are as long as they may be.
    """

    def __init__(self, study: Study, characters: float | None) -> None:
        self.study, self.characters = study, characters

    def seconds(self, model: Encoder | CausalLM, rows: int, gpus: float) -> float:
        """Seconds that a model trains on a mix of so many rows; if sharded, on all GPUs."""
        length = model.max_length
        if self.characters is not None:
            length = min(length, round(self.characters / CHARACTERS) + MARKS)
        tokens = _steps(model, rows) * model.batch_size * length
        sharing = max(1, gpus) if getattr(model, "sharded", False) else 1
        return tokens / self._per_second(model, bool(gpus)) / sharing

    def _per_second(self, model: Training, gpu: bool) -> float:
        """Tokens a second of a training: of a large model what its arithmetic allows.

        Forward and back are 2 operations each for a weight and a token, as many the gradient of the
        weights, which LoRA saves, and going forward again, which gradient checkpointing costs.
        """
        billions = self.study.models[model.model].parameters
        if not billions:
            return TRAINED_PER_SECOND[gpu]
        full = not getattr(model, "lora", None)
        again = bool(getattr(model, "gradient_checkpointing", False))
        passes = 2 + full + again
        return min(TRAINED_PER_SECOND[gpu], FLOPS[gpu] / (2e9 * billions * passes))


def _steps(model: Training, rows: int) -> int:
    """Optimiser steps of a run, those of every setting that it tries; none without rows."""
    trials = settings_to_try(model.search) if model.search else [{}]
    settings = [model.model_copy(update=values) for values in trials]
    return sum(optimiser_steps(trial, rows) for trial in settings) if rows else 0
