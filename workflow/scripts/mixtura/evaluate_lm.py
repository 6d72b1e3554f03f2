"""Tasks of lm-eval for tuned models: each checkpoint once, however often a job asks.

lm-eval needs a python-dateutil that is older than ours, so it lives in an environment of its own.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.digest import digest
from mixtura.model_digest import files_digest, model_digest
from mixtura.own import own_files
from mixtura.tables import whole

RESULTS = {
    "task": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "stderr": pl.Float64,  # of the items; null where lm-eval gives none
    "n": pl.Int64,  # items
}


def checkpoint(kept: str, base: str) -> dict[str, str]:
    """The arguments that make lm-eval load a kept model: an adapter lies over its base.

    Raises FileNotFoundError where the model was deleted: no rule has it as its output.
    """
    if not Path(kept).is_dir():
        raise FileNotFoundError(
            f"no tuned model in {kept}; `--forcerun finetune_causal` trains it again"
        )
    if Path(kept, "adapter_config.json").is_file():
        return {"pretrained": base, "peft": kept}
    return {"pretrained": kept}


def results_of(
    model: dict[str, str],
    settings: dict[str, Any],
    store: Path,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """The results of lm-eval for the model of `checkpoint`; `store` keeps them as JSON.

    `settings` are those of `mixtura.config.LmEval`, batch_size and version (of lm-eval). Results
    are found again by the bytes of the model and of the folder `include`, and by what is asked.
    `environment` holds the variables that lm-eval sees.
    """
    asked = {key: settings[key] for key in ("tasks", "shots", "limit", "batch_size", "version")}
    read = [model_digest(Path(folder)) for folder in model.values()]
    if include := settings["include"]:
        read.append(files_digest(Path(include), own_files(include)))
    key = digest([asked, *read], 12)
    file = store / f"{key}.json"
    if not file.exists():
        with whole(file) as beside:
            beside.write_text(run_lm_eval(model, settings, environment), encoding="utf-8")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def run_lm_eval(
    model: dict[str, str], settings: dict[str, Any], environment: Mapping[str, str]
) -> str:
    """The JSON that lm-eval writes. Raises CalledProcessError where it fails; the log has why."""
    with tempfile.TemporaryDirectory() as folder:
        given = {
            "model_args": ",".join(f"{key}={value}" for key, value in model.items()),
            "tasks": ",".join(settings["tasks"]),
            "num_fewshot": settings["shots"],
            "batch_size": settings["batch_size"],
            "limit": settings["limit"],
            "include_path": settings["include"],
            "output_path": folder,
        }
        # -I: with our folder of scripts in its path, our `evaluate` would hide one that it imports.
        # -B: byte code in the user's folder would change its digest.
        command = [settings["python"], "-I", "-B", "-m", "lm_eval", "run", "--model", "hf"]
        for key, value in given.items():
            command += [f"--{key}", str(value)] if value is not None else []
        subprocess.run(command, check=True, env=environment)
        (written,) = Path(folder).rglob("results_*.json")
        return written.read_text(encoding="utf-8")


def result_rows(results: dict[str, Any]) -> pl.DataFrame:
    """`RESULTS`: one row for each task, or group of them, and metric in the results of lm-eval."""
    rows = []
    for task, found in results["results"].items():
        for key, value in found.items():
            name, _, filtered = key.partition(",")
            if filtered and not name.endswith("_stderr") and isinstance(value, int | float):
                stderr = found.get(f"{name}_stderr,{filtered}")
                rows.append(
                    {
                        "task": task,
                        "metric": name if filtered == "none" else key,
                        "value": value,
                        "stderr": stderr if isinstance(stderr, float) else None,
                        "n": found.get("sample_len"),
                    }
                )
    return pl.DataFrame(rows, RESULTS)
