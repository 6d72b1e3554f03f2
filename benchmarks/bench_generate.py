"""Generation: useful tokens a second of transformers and of vLLM beside bare loops of both.

Useful are the new tokens of an answer up to its end, not what a batch computes for it after that,
nor padding. Both sides get the same prompts, batch size and sampling in turn. vLLM is a server of
the job; its peer is the engine of vLLM in one process, as the worker of version 0.1 had it.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psutil
import torch
import yaml
from measuring import Row, Skipped

from mixtura.generate.backends.base import stops
from mixtura.generate.backends.transformers import TransformersBackend
from mixtura.generate.backends.vllm import VllmBackend
from mixtura.generate.dials import load_dial, read_level
from mixtura.generate.prompting import render
from mixtura.generate.settings import (
    GenerateSettings,
    PromptedModel,
    Running,
    Sampling,
    VllmModel,
    VllmOptions,
)
from mixtura.generate.shard import dial_material, generate_shard
from mixtura.plan.plan import read_plan

TITLE = "Generation with SmolLM2 at the demo's shard size"
ROOT = Path(__file__).parents[1]
DEMO = ROOT / "results/demo"
VLLM = ROOT / ".venv-vllm/bin/python"
REPEATS = 3
CONTEXT = 2048  # tokens, of both engines


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
    yield from served_rows(str(model), generator, texts, 1 if quick else REPEATS)
    if not torch.cuda.is_available():
        yield {"case": "the same on a GPU", "unit": "skipped: no GPU"}


def served_rows(
    folder: str, generator: PromptedModel, texts: list[str], repeats: int
) -> Iterator[Row]:
    """Rates of the server of a job and of the engine in one process, batch after batch in turn.

    Both stay loaded: a machine that has other work is as busy for both. CPU seconds are those of
    client, server and engine together.
    """
    if not VLLM.exists():
        yield {"case": "vLLM as a server", "unit": "skipped: no .venv-vllm; run `make vllm`"}
        return
    peer = Side(lambda: InProcess(folder))
    ours = Side(lambda: served(folder, generator))
    for number in range(repeats + 1):  # the first of each warms up
        for side in (ours, peer) if number % 2 else (peer, ours):
            side.batch(texts, generator.sampling)
    for case, own, its in (
        ("loading aside", ours.rate(), peer.rate()),
        ("loading aside, a CPU second", ours.rate(cpu=True), peer.rate(cpu=True)),
        ("loading included", ours.rate(load=True), peer.rate(load=True)),
        ("loading included, a CPU second", ours.rate(True, True), peer.rate(True, True)),
    ):
        yield {
            "case": f"vLLM as a server, {len(texts)} prompts, {case}",
            "ours": own,
            "peer": "vllm.LLM.generate in one process",
            "its": its,
            "ratio": own / its,
            "unit": "useful tokens/s",
            "target": ">= 0.95",
        }
    for side in (ours, peer):
        side.engine.process.terminate()
        side.engine.process.wait()


class Side:
    """An engine and what its loading and its batches took: seconds of the clock and of CPUs."""

    def __init__(self, load: Callable[[], Any]) -> None:
        began, cpu = time.perf_counter(), time.process_time()
        self.engine = load()
        self.load = (
            time.perf_counter() - began,
            time.process_time() - cpu + cpu_seconds(self.engine.process.pid),
        )
        self.batches: list[tuple[int, float, float]] = []

    def batch(self, texts: list[str], sampling: Sampling) -> None:
        """Complete the texts once."""
        pid = self.engine.process.pid
        began, cpu = time.perf_counter(), time.process_time() + cpu_seconds(pid)
        done = self.engine.complete(texts, sampling, list(range(len(texts))))
        seconds, cpu = (
            time.perf_counter() - began,
            time.process_time() + cpu_seconds(pid) - cpu,
        )
        self.batches.append((sum(each.new_tokens for each in done), seconds, cpu))

    def rate(self, load: bool = False, cpu: bool = False) -> float:
        """Useful tokens a second of a median batch but the first, loading before it or not."""
        place = 2 if cpu else 1
        middle = sorted(each[0] / each[place] for each in self.batches[1:])
        rate = middle[len(middle) // 2]
        tokens = sum(each[0] for each in self.batches[1:]) / len(middle)
        return tokens / (tokens / rate + self.load[cpu]) if load else rate


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and all below it."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def served(folder: str, generator: PromptedModel) -> VllmBackend:
    """The backend with a server of its own."""
    vllm = VllmModel(max_model_len=CONTEXT)
    model = generator.model_copy(update={"backend": "vllm", "vllm": vllm})
    return VllmBackend(folder, model, Running(vllm=VllmOptions(python=str(VLLM))))


class InProcess:
    """vLLM's engine alone, in a process of its Python."""

    def __init__(self, folder: str) -> None:
        command = [str(VLLM), str(Path(__file__).with_name("bare_vllm.py")), folder, str(CONTEXT)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout and self.process.stdout.readline() == "ready\n"

    def complete(
        self, texts: list[str], sampling: Sampling, seeds: list[int]
    ) -> list[SimpleNamespace]:
        """The new tokens of each text."""
        assert self.process.stdin and self.process.stdout
        keys = sampling.model_dump(exclude={"max_new_tokens"})
        keys |= {"max_tokens": sampling.max_new_tokens, "stop": stops(sampling, ends_itself=False)}
        self.process.stdin.write(json.dumps({"prompts": texts, "sampling": keys}) + "\n")
        self.process.stdin.flush()
        counts = json.loads(self.process.stdout.readline())
        return [SimpleNamespace(new_tokens=count) for count in counts]


def prompt_texts(settings: GenerateSettings, examples: pl.DataFrame) -> list[str]:
    """The prompts of the shard, in the order of their index."""
    dial = load_dial(settings.dial)
    level, material = read_level(dial, settings.level), dial_material(settings, examples, None)
    prompts = dial.specify(level, material, range(settings.prompts))
    return [render(settings.generator.prompt, prompt, settings.noun) for prompt in prompts]


if __name__ == "__main__":
    for row in run(quick=True):
        print(row)
