"""What `mixtura doctor` looks at on a machine: packages, cores, memory, disk, GPUs, SLURM."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from mixtura.core.gpus import gpus
from mixtura.core.packages import version_in, version_of
from mixtura.plan.resources import JobResources
from mixtura.plan.sets import Sets
from mixtura.study.downstream import CausalLM
from mixtura.study.run import STAGES, Resources
from mixtura.study.study import Study

INSTALL = "pip install --requirement requirements.txt --constraint constraints.txt"
LEAST_DISK = 10  # GB that a study with small models fills
LEAST_AGE = 120  # seconds for which slurmctld must know a job that ended


class Check(NamedTuple):
    """One line of the doctor: what was looked at, what it is like or what to do."""

    what: str
    words: str
    ok: bool = True


def package_checks(study: Study) -> Iterator[Check]:
    """The packages that this study needs, and those of other interpreters that it names."""
    kinds = {model.kind for model in study.downstream.values()}
    causal = any(isinstance(m, CausalLM) and m.lora for m in study.downstream.values())
    needed = ["snakemake", "polars", "torch", "transformers", "sentence-transformers"]
    needed += ["trl"] if "causal-lm" in kinds or study.designs.loop else []
    needed += ["peft"] if causal or study.designs.loop else []
    needed += ["setfit"] if "setfit" in kinds else []
    needed += ["openai"] if any(g.openai or g.vllm for g in study.generators.values()) else []
    missing = [package for package in needed if not version_of(package)]
    if missing:
        yield Check("packages", f"{', '.join(missing)}: not installed; {INSTALL}", False)
    installed = [f"{package} {version_of(package)}" for package in needed if version_of(package)]
    yield Check("packages", ", ".join(installed))
    for name, generator in study.generators.items():
        if (vllm := generator.vllm) and not vllm.command:
            what, version = f"generators.{name}.vllm.python", version_in(vllm.python, "vllm")
            words = f"vllm {version}" if version else f"no vllm in {vllm.python!r}; make vllm"
            yield Check(what, words, bool(version))


def needs_of(study: Study) -> dict[str, Resources]:
    """Key of the configuration -> what jobs ask for there, on their first attempt."""
    resources = JobResources(Sets(study))
    needs: dict[str, Resources] = {}
    for stage in STAGES:
        owners: list[tuple[str, Any]] = [("", None)]
        if stage == "generate":
            owners = [(f"generators.{n}", SimpleNamespace(generator=n)) for n in study.generators]
        elif stage in ("finetune", "probe"):
            owners = [
                (
                    f"downstream.{n}",
                    SimpleNamespace(model=n, **({"part": 0} if stage == "finetune" else {})),
                )
                for n, model in study.downstream.items()
                if (model.kind == "probe") == (stage == "probe")
            ]
        for owner, wildcards in owners:
            key = f"{owner}.resources" if owner else f"resources.{stage}"
            first = resources.settings(stage, wildcards)
            runtime = first.runtime * resources.runs(wildcards)
            needs[key] = first.model_copy(update={"runtime": runtime})
    return needs


def local_checks(needs: Mapping[str, Resources], folder: Path) -> Iterator[Check]:
    """Cores, memory and GPUs of this machine beside the largest job, and the disk of `folder`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    yield from _largest(needs, "mem_mb", memory, "MB of memory")
    yield from _largest(needs, "threads", os.cpu_count() or 1, "cores")
    yield from _largest(needs, "gpu", len(gpus()), "GPUs")
    yield disk_check(folder)


def _largest(needs: Mapping[str, Resources], key: str, have: int, unit: str) -> Iterator[Check]:
    where = max(needs, key=lambda name: int(getattr(needs[name], key)))
    most = int(getattr(needs[where], key))
    words = f"{have} here, the largest job asks for {most}"
    words += f" ({where}.{key})" if most else ""
    yield Check(unit, words if most <= have else f"{words}: lower it", most <= have)


def disk_check(folder: Path) -> Check:
    """Space where results go."""
    free = shutil.disk_usage(folder).free / 1e9
    words = f"{free:.0f} GB free; `mixtura plan` estimates what the study fills"
    return Check("disk", words if free >= LEAST_DISK else f"{words}: free some", free >= LEAST_DISK)


def slurm_checks(needs: Mapping[str, Resources], partitions: Mapping[str, Any]) -> Iterator[Check]:
    """Whether SLURM answers and how, and whether its partitions are those of partitions.yaml.

    `partitions` are those of the file: name -> limits.
    """
    queue = _answer("squeue", "--me", "--noheader")
    if queue is None:
        yield Check("squeue", "does not answer: run this where jobs are submitted", False)
        return
    age = re.search(r"(?m)^MinJobAge\s*=\s*(\d+)", _answer("scontrol", "show", "config") or "")
    seconds = int(age[1]) if age else 0
    accounts = _answer("sacct", "--noheader", "--allocations") is not None
    yield Check("sacct", "answers" if accounts else "has no database: squeue is asked instead")
    if seconds >= LEAST_AGE:
        yield Check("MinJobAge", f"{seconds} s: squeue says how jobs end")
    else:
        mend = (
            "set slurm-status-command: sacct in profiles/slurm/config.yaml"
            if accounts
            else f"ask the administrator for {LEAST_AGE} s or more: jobs are forgotten before"
        )
        yield Check("MinJobAge", f"{seconds} s is too short for squeue; {mend}", False)
    nodes: dict[str, list[tuple[int, int]]] = {}
    for line in (_answer("sinfo", "--noheader", "--format=%R|%m|%c") or "").splitlines():
        name, memory, cores = line.split("|")
        nodes.setdefault(name, []).append(tuple(int(re.sub(r"\D", "", x)) for x in (memory, cores)))  # type: ignore[arg-type]
    for name in partitions:
        known = name in nodes
        words = (
            f"nodes of up to {max(m for m, _ in nodes[name])} MB, {max(c for _, c in nodes[name])} "
            "cores"
            if known
            else f"no such partition; the cluster has {', '.join(nodes)}: name one of them in "
            "profiles/slurm/partitions.yaml"
        )
        yield Check(f"partition {name}", words, known)
    for where, need in needs.items():
        fitting = [name for name, limits in partitions.items() if _fits(need, limits)]
        able = [
            name
            for name in fitting
            if any(need.mem_mb <= m and need.threads <= c for m, c in nodes.get(name, []))
        ]
        if not fitting:
            yield Check(
                where, "fits the limits of no partition in partitions.yaml: lower it", False
            )
        elif not able:
            yield Check(where, f"no node of {', '.join(fitting)} has so much: lower it", False)


def _fits(need: Resources, limits: Mapping[str, Any]) -> bool:
    keys = {"max_runtime": "runtime", "max_mem_mb": "mem_mb", "max_cpus_per_task": "threads"}
    within = all(getattr(need, key) <= limits.get(limit, 2**63) for limit, key in keys.items())
    return within and need.gpu <= limits.get("max_gpu", 0)


def _answer(*command: str) -> str | None:
    """What a command prints, None where there is none or it fails."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if run.returncode else run.stdout
