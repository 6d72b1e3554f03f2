"""Generation with transformers: useful tokens a second beside a bare loop, and what loading costs.

Useful are the new tokens of an answer up to its end, not what a batch computes for it after that,
nor padding. Both sides get the same prompts, batch size and sampling in turn.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import torch
import yaml
from measuring import Row, Skipped

from mixtura.generate.backends.transformers import TransformersBackend
from mixtura.generate.dials import load_dial, read_level
from mixtura.generate.prompting import render
from mixtura.generate.settings import GenerateSettings, PromptedModel
from mixtura.generate.shard import dial_material, generate_shard
from mixtura.plan.plan import read_plan

TITLE = "Generation with SmolLM2 at the demo's shard size"
ROOT = Path(__file__).parents[1]
DEMO = ROOT / "results/demo"
REPEATS = 3


def bare_loop(backend: TransformersBackend, texts: list[str], generator: PromptedModel) -> int:
    """Useful tokens of `generate` of transformers on the prompts, batch after batch."""
    sampling, size = generator.sampling, generator.batch_size
    ends = [i for i, piece in enumerate(backend.pieces) if "\n" in piece] + list(backend.ends)
    useful = 0
    for start in range(0, len(texts), size):
        batch = backend.tokenizer(texts[start : start + size], return_tensors="pt", padding=True)
        batch = batch.to(backend.device)
        with torch.inference_mode():
            tokens = backend.model.generate(
                **batch,
                do_sample=True,
                **sampling.model_dump(exclude={"stop"}),
                eos_token_id=ends,
                pad_token_id=backend.tokenizer.pad_token_id,
            )
        new = tokens[:, batch.input_ids.shape[1] :]
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
    wildcards = SimpleNamespace(
        generator="smollm2", pipeline="topic", level="D3", draw="r0", shard="0"
    )
    settings = GenerateSettings.from_json(plan.generate.settings(wildcards))
    generator = settings.generator
    torch.set_num_threads(plan.resources.threads("generate")(wildcards))
    count = generator.batch_size if quick else settings.prompts
    settings = settings.model_copy(update={"prompts": count})
    examples = pl.read_parquet(DEMO / "data/examples/r0.parquet")
    began = time.perf_counter()
    backend = TransformersBackend(str(model))
    load = time.perf_counter() - began

    def ours() -> pl.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            return generate_shard(settings, examples, None, backend, Path(folder), str)[0]

    texts = prompt_texts(settings, examples)
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    seconds = []
    torch.manual_seed(0)
    for _ in range(1 if quick else REPEATS):
        began = time.perf_counter()
        rows = ours()
        seconds.append(time.perf_counter() - began)
        rates["ours"].append(int(rows["new_tokens"].sum()) / seconds[-1])
        began = time.perf_counter()
        useful = bare_loop(backend, texts, generator)
        rates["bare"].append(useful / (time.perf_counter() - began))
    our_rate, bare = (sorted(rates[side])[len(seconds) // 2] for side in ("ours", "bare"))
    job_seconds = sorted(seconds)[len(seconds) // 2]
    yield {
        "case": f"{count} prompts on {backend.about['device']}, {backend.about['dtype']}, "
        f"{torch.get_num_threads()} thread",
        "ours": our_rate,
        "peer": "model.generate in a loop",
        "its": bare,
        "ratio": our_rate / bare,
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


def prompt_texts(settings: GenerateSettings, examples: pl.DataFrame) -> list[str]:
    """The prompts of the shard, in the order of their index."""
    dial = load_dial(settings.dial)
    level, material = read_level(dial, settings.level), dial_material(settings, examples, None)
    prompts = dial.specify(level, material, range(settings.prompts))
    return [render(settings.generator.prompt, prompt, settings.noun) for prompt in prompts]


if __name__ == "__main__":
    for row in run(quick=True):
        print(row)
