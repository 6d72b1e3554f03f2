"""Fine-tune one encoder on one mix, and predict the test split."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from header import Job
from mixtura.finetune import predict, too_long, train_classifier
from mixtura.predictions import run_predictions
from mixtura.search import best_fit, log_loss
from runs import keep_model, read_rows, rows_key, write_run

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
settings, wildcards = job.settings, snakemake.wildcards
rows = read_rows(snakemake.input, settings, int(wildcards.seed))
unseen = rows.development


def fit(told: dict[str, Any], folder: Path | None) -> Any:
    """Model, tokenizer and steps of one training."""
    return train_classifier(
        snakemake.input.model,
        rows.train["text"].to_list(),
        rows.train["label"].to_list(),
        told,
        int(wildcards.seed),
        lambda step, total, loss: job.say(f"step {step} of {total}, loss {loss:.4f}"),
        folder,
        snakemake.resources.checkpoint_minutes,
    )


def loss(fitted: Any) -> float:
    """Mean log loss on the development split."""
    shares = predict(fitted[0], fitted[1], unseen["text"].to_list(), settings)
    return log_loss(shares, unseen["label"].to_list(), settings["labels"])


(model, tokenizer, steps), tried = best_fit(settings, fit, loss, job.resume, rows_key(rows))
for name, part in {"training": rows.train, "test": rows.test}.items():
    if cut := too_long(tokenizer, part["text"].to_list(), settings["max_length"]):
        job.say(
            f"{cut} of {part.height} {name} texts have more than max_length tokens "
            f"({settings['max_length']}): the rest of them is not read"
        )
keep_model(snakemake.params.kept, model, tokenizer)
found = predict(model, tokenizer, rows.test["text"].to_list(), settings)
run = (wildcards.arm, wildcards.model, wildcards.seed)
predictions = run_predictions(rows.test, found, settings["labels"], *run)
write_run(job, snakemake.output, rows, steps, predictions, tried)
