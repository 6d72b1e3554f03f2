"""Tasks of lm-eval for tuned models: each checkpoint once, however often a job asks.

lm-eval needs a python-dateutil that is older than ours, so it lives in an environment of its own.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.contents import content_digest
from mixtura.core.digest import digest
from mixtura.core.files import whole
from mixtura.core.parquet import read_parquet, write_parquet
from mixtura.prepare.lm_eval_logs import lm_eval_scores
from mixtura.prepare.settings import ScoreColumns
from mixtura.prepare.streams import read_text
from mixtura.prepare.tables import ItemScores
from mixtura.train.settings import EvaluateLmSettings
from mixtura.train.tables import LmEvalResults


def model_arguments(folder: str, base: str) -> dict[str, str]:
    """The arguments by which lm-eval loads the tuned model in a folder: adapters lie over `base`.

    Raises FileNotFoundError where the model was deleted: no rule has it as its output.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(
            f"no tuned model in {folder}; `--forcerun finetune_causal` trains it again"
        )
    if Path(folder, "adapter_config.json").is_file():
        return {"pretrained": base, "peft": folder}
    return {"pretrained": folder}


def stored_results(
    model: dict[str, str],
    settings: EvaluateLmSettings,
    store: Path,
    environment: Mapping[str, str] = os.environ,
) -> tuple[dict[str, Any], pl.DataFrame]:
    """The results of lm-eval for the model of `model_arguments`, and the scores of the items.

    `store` keeps both, as JSON and as Parquet with the columns of `item_rows`. They are found again
    by the bytes of the model and of the folder `include`, and by the settings that change them.
    `environment` holds the variables that lm-eval sees.
    """
    names = {"tasks", "shots", "limit", "batch_size", "version"}
    folders = [*model.values(), *([settings.include] if settings.include else [])]
    contents = [content_digest(Path(folder)) for folder in folders]
    key = digest([settings.model_dump(mode="json", include=names), *contents], 12)
    file, items = store / f"{key}.json", store / f"{key}.parquet"
    if not (file.exists() and items.exists()):
        text, scores = run_lm_eval(model, settings, environment)
        with whole(file) as beside, whole(items) as beside_items:
            beside.write_text(text, encoding="utf-8")
            write_parquet(scores, beside_items, {})
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return results, read_parquet(items)


def run_lm_eval(
    model: dict[str, str], settings: EvaluateLmSettings, environment: Mapping[str, str]
) -> tuple[str, pl.DataFrame]:
    """The JSON that lm-eval writes, and `item_rows` of its samples.

    Raises CalledProcessError where it fails; the log has why.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = {
            "model_args": ",".join(f"{key}={value}" for key, value in model.items()),
            "tasks": ",".join(settings.tasks),
            "num_fewshot": settings.shots,
            "batch_size": settings.batch_size,
            "limit": settings.limit,
            "include_path": settings.include,
            "output_path": folder,
        }
        # -I: with our folder of scripts in its path, our `evaluate` would hide one that it imports.
        # -B: byte code in the user's folder would change its digest.
        command = [settings.python, "-I", "-B", "-m", "lm_eval", "run", "--model", "hf"]
        for key, value in options.items():
            command += [f"--{key}", str(value)] if value is not None else []
        command.append("--log_samples")
        subprocess.run(command, check=True, env=environment)
        (file,) = Path(folder).rglob("results_*.json")
        samples = sorted(Path(folder).rglob("samples_*.jsonl"))
        return file.read_text(encoding="utf-8-sig"), item_rows(samples)


def item_rows(samples: Iterable[Path]) -> pl.DataFrame:
    """One row (task, metric, item, score, lower) for each item that has a number as its score."""
    columns = ScoreColumns()
    frames = [lm_eval_scores(read_text(file), file, columns, empty=True) for file in samples]
    empty = ItemScores.create_empty()
    return pl.concat([empty, *frames]).select("task", "metric", "item", "score", "lower")


def result_rows(results: dict[str, Any]) -> pl.DataFrame:
    """One row (task, metric, value, stderr, n) for each task, or group of tasks, and metric.

    `results` are those of lm-eval, and the columns those of `LmEvalResults`, the run aside.
    """
    rows = []
    for task, scores in results["results"].items():
        for key, value in scores.items():
            name, _, filter_name = key.partition(",")
            if filter_name and not name.endswith("_stderr") and isinstance(value, int | float):
                stderr = scores.get(f"{name}_stderr,{filter_name}")
                rows.append(
                    {
                        "task": task,
                        "metric": name if filter_name == "none" else key,
                        "value": value,
                        "stderr": stderr if isinstance(stderr, float) else None,
                        "n": scores.get("sample_len"),
                    }
                )
    columns = ("task", "metric", "value", "stderr", "n")
    return pl.DataFrame(rows, LmEvalResults.create_empty().select(columns).schema)
