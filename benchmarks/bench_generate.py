"""Generation with transformers: useful tokens a second beside a bare loop, and what loading costs.

Useful are the new tokens of an answer up to its end, not what a batch computes for it after that,
nor padding. Both sides get the same prompts, batch size and sampling in turn.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import torch
import yaml
from measuring import Row, Skipped

from mixtura.backends.transformers import TransformersBackend
from mixtura.plan import read_plan
from mixtura.prompting import render
from shards import make_rows

TITLE = "Generation with SmolLM2 at the demo's shard size"
ROOT = Path(__file__).parents[1]
DEMO = ROOT / "results/demo"
REPEATS = 3


def bare_loop(backend: TransformersBackend, prompts: list[str], settings: dict[str, Any]) -> int:
    """Useful tokens of `generate` of transformers on the prompts, batch after batch."""
    how, size = settings["sampling"], settings["batch_size"]
    ends = [i for i, piece in enumerate(backend.pieces) if "\n" in piece] + list(backend.ends)
    useful = 0
    for start in range(0, len(prompts), size):
        batch = backend.tokenizer(prompts[start : start + size], return_tensors="pt", padding=True)
        batch = batch.to(backend.device)
        with torch.inference_mode():
            made = backend.model.generate(
                **batch,
                do_sample=True,
                **{key: how[key] for key in ("temperature", "top_p", "top_k", "min_p")},
                max_new_tokens=how["max_new_tokens"],
                eos_token_id=ends,
                pad_token_id=backend.tokenizer.pad_token_id,
            )
        new = made[:, batch.input_ids.shape[1] :]
        ended = torch.isin(new, torch.tensor(ends, device=new.device)).int()
        useful += int(((ended.cumsum(1) - ended) == 0).sum())
        backend.tokenizer.batch_decode(new, skip_special_tokens=True)
    return useful


def run(quick: bool = False) -> Iterator[Row]:
    """Yield the rates of both sides and the share of loading; quick: one batch, once."""
    model = DEMO / "models/smollm2"
    if not (model / "model.safetensors").exists():
        raise Skipped("no results of the demo; run `make demo`")
    plan = read_plan(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    made = SimpleNamespace(generator="smollm2", pipeline="topic", level="D3", shard="0")
    settings = json.loads(plan.generate_settings(made))
    generator = settings["generator"]
    torch.set_num_threads(plan.threads("generate")(made))
    count = generator["batch_size"] if quick else settings["prompts"]
    examples = pl.read_parquet(DEMO / "data/examples.parquet")
    began = time.perf_counter()
    backend = TransformersBackend(str(model))
    load = time.perf_counter() - began

    def ours() -> pl.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            job: Any = SimpleNamespace(resume=Path(folder), stats={}, say=lambda _: None)
            return make_rows(job, settings, examples, [], backend, 0, count)

    prompts = prompts_of(settings, examples, count)
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    seconds = []
    torch.manual_seed(0)
    for _ in range(1 if quick else REPEATS):
        began = time.perf_counter()
        rows = ours()
        seconds.append(time.perf_counter() - began)
        rates["ours"].append(int(rows["new_tokens"].sum()) / seconds[-1])
        began = time.perf_counter()
        useful = bare_loop(backend, prompts, generator)
        rates["bare"].append(useful / (time.perf_counter() - began))
    own, bare = (sorted(rates[side])[len(seconds) // 2] for side in ("ours", "bare"))
    job_seconds = sorted(seconds)[len(seconds) // 2]
    yield {
        "case": f"{count} prompts on {backend.about['device']}, {backend.about['dtype']}, "
        f"{torch.get_num_threads()} thread",
        "ours": own,
        "peer": "model.generate in a loop",
        "its": bare,
        "ratio": own / bare,
        "unit": "useful tokens/s",
        "target": ">= 0.9",
    }
    yield {
        "case": f"loading the model, of a job of {count} prompts",
        "ours": load / (load + job_seconds),
        "unit": "share of the time",
        "target": "< 0.1",
    }
    if not torch.cuda.is_available():
        yield {"case": "the same on a GPU", "unit": "skipped: no GPU"}


def prompts_of(settings: dict[str, Any], examples: pl.DataFrame, count: int) -> list[str]:
    """The prompts of the shard, in the order of their index."""
    from mixtura.dials import load_dial
    from mixtura.dials.base import Given

    shown = examples["id", "text", "label"].rows()
    shots, template = settings["generator"]["shots"], settings["generator"]["prompt"]
    given = Given(shown, settings["labels"], shots, settings["stream"], None)
    specs = load_dial(settings["pipeline"]).specify(settings["level"], given, range(count))
    return [render(template, spec, settings["noun"]) for spec in specs]


if __name__ == "__main__":
    for row in run(quick=True):
        print(row)
