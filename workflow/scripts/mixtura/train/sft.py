"""Supervised fine-tuning of a causal language model by TRL's SFTTrainer."""

from typing import Any

from datasets import Dataset
from transformers import Trainer
from trl import SFTConfig, SFTTrainer, pack_dataset

from mixtura.train.settings import CausalTraining
from mixtura.train.trainer import PlannedBatches

Row = dict[str, list[int]]  # input_ids, and labels: -100 where nothing is learnt


class PlannedSFTTrainer(PlannedBatches, SFTTrainer):  # type: ignore[misc]
    """`trl.SFTTrainer` on planned batches."""

    def compute_loss(self, *inputs: Any, **options: Any) -> Any:
        """On a processor from all logits at once.

        TRL makes them in pieces, and twice: that saves a GPU's memory, and takes a quarter more
        time of a processor. Only TRL adds the loss that mixtures of experts have beside.
        """
        if self.args.use_cpu and not self.aux_loss_enabled:
            return Trainer.compute_loss(self, *inputs, **options)
        return super().compute_loss(*inputs, **options)


def packed(rows: list[Row], length: int) -> list[Row]:
    """Rows put together to up to `length` tokens each; they do not see each other."""
    data = pack_dataset(Dataset.from_list(rows), length, "bfd")
    return list(data.with_format(None))


def sft_trainer(
    model: Any,
    tokenizer: Any,
    rows: list[Row],
    settings: CausalTraining,
    arguments: dict[str, Any],
) -> PlannedSFTTrainer:
    """The trainer of a model on tokenised rows."""
    config = SFTConfig(
        **arguments,
        gradient_checkpointing=settings.gradient_checkpointing,
        max_length=None,  # rows are of the right length already
        padding_free=settings.packing,
    )
    return PlannedSFTTrainer(
        model, config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer
    )
