"""`make bench`: run every benchmark and write benchmarks/results.md.

`python benchmarks/run.py [PART ...] [--quick]`. Each module bench_PART.py beside this one is a
part: TITLE is its heading, NOTE where it has one stands under its table, and run(quick) yields the
rows of the table as {column: value}, or raises `measuring.Skipped` with the reason. A part that is
not named keeps its section of an earlier run.
"""

import argparse
import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from measuring import Skipped

HERE = Path(__file__).parent
PARTS = sorted(file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py"))
PACKAGES = (
    "numpy", "scipy", "scikit-learn", "torch", "transformers", "polars", "snakemake", "rensa",
    "datasketch", "prdc",
)  # fmt: skip


def machine() -> str:
    """Processor, memory, system, GPU and versions."""
    info = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    matches = re.search(r"model name\s*: (.*)", info)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    installed = {d.name.lower(): d.version for d in importlib.metadata.distributions()}
    versions = [f"{name} {installed.get(name, 'not installed')}" for name in PACKAGES]
    processor = matches[1] if matches else platform.machine()
    return (
        f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"{platform.system()}; GPU: {gpu()}; Python {platform.python_version()}, "
        f"{', '.join(versions)}"
    )


def gpu() -> str:
    """Name of the GPU, or that what needs one is skipped."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "skipped: no GPU"


def cell(value: object) -> str:
    """Markdown of one value: three or more digits of a float, nothing for None."""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else str(value)


def table(rows: list[Mapping[str, object]]) -> str:
    """Markdown table; the columns are those of all rows, in order."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    lines = [heads, ["---"] * len(heads), *([cell(row.get(h)) for h in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def section(part: str, quick: bool) -> str:
    """Run one part; return its Markdown."""
    module = importlib.import_module(f"bench_{part}")
    try:
        body = table(list(module.run(quick)))
    except Skipped as reason:
        body = f"Skipped: {reason}."
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    load = os.getloadavg()[1]
    size = "; quick: a fraction of the size" if quick else ""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()
    info = f"Run {when} at commit {commit or 'unknown'}; "
    info += f"load average over 5 minutes at the end {load:.1f}{size}. {machine()}."
    parts = (f"## {part}: {module.TITLE}", info, body, getattr(module, "NOTE", ""))
    return "\n\n".join(filter(None, parts)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a fraction of the size")
    parser.add_argument("--output", type=Path, default=HERE / "results.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown parts {unknown}; choose from {', '.join(PARTS)}")
    chosen = arguments.parts or PARTS
    if len(chosen) > 1:  # memory of one part must not count for the next
        for part in chosen:
            more = ["--quick"] if arguments.quick else []
            command = [sys.executable, __file__, part, "--output", str(arguments.output), *more]
            subprocess.run(command, check=True)
        return
    new = section(chosen[0], arguments.quick)
    before = arguments.output.read_text("utf-8") if arguments.output.exists() else ""
    matches = re.findall(r"(?ms)^(## (\w+): .*?)(?=^## |\Z)", before)
    held = {part: text.rstrip() + "\n" for text, part in matches} | {chosen[0]: new}
    sections = [held[part] for part in PARTS if part in held]
    arguments.output.write_text(
        "\n".join(["# Measured\n\nWritten by `make bench`.\n", *sections]), "utf-8"
    )
    print(new)


if __name__ == "__main__":
    main()
