"""`make bench`: run every benchmark and write benchmarks/results.md.

`python benchmarks/run.py [PART ...] [--quick]`; PARTS: measures, panel, scale, dedup, statistics.
A part that is not named keeps its section of an earlier run, with the date of that run.
"""

import argparse
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "polars", "rensa", "datasketch", "prdc")
TITLES = {
    "measures": "Measures against the plain formula or the published package",
    "panel": "The whole panel, diversity and shift, on short texts",
    "scale": "Measures at n = 100,000",
    "dedup": "Deduplication",
    "statistics": "Error rates of the statistics on simulated studies of known truth",
}


def machine() -> str:
    """Processor, memory, system and versions in one line each."""
    told = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"model name\s*: (.*)", told)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    return "\n".join(
        [
            f"- {found[1] if found else platform.machine()}, {os.cpu_count()} cores, "
            f"{memory:.0f} GiB, {platform.system()}",
            f"- Python {platform.python_version()}, {', '.join(versions)}",
            f"- GPU: {gpu()}",
        ]
    )


def gpu() -> str:
    """Name of the GPU, or that its part is skipped."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "skipped: no GPU"


def table(heads: list[str], rows: Iterable[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def measured(part: str, quick: bool) -> Iterator[list[str]]:
    import bench_measures

    made = {
        "measures": lambda: bench_measures.rows(quick),
        "panel": lambda: bench_measures.panel_rows((2_000,) if quick else (10_000, 100_000)),
        "scale": lambda: bench_measures.scale_rows(20_000 if quick else 100_000),
    }
    for row in made[part]():
        yield [
            row.name,
            number(row.ours_s),
            row.peer,
            number(row.peer_s),
            number(row.ratio),
            number(row.extra_mb, 0),
            row.target,
            row.note,
        ]


def section(part: str, quick: bool, texts: list[str]) -> str:
    """Markdown of one part."""
    if part == "statistics":
        import bench_stats

        found = bench_stats.rows(100) if quick else bench_stats.rows()
        body = table(["figure", "measured", "target"], ([*map(str, row)] for row in found))
    elif part == "dedup":
        import bench_dedup
        import polars

        texts = texts or [str(f) for f in sorted(HERE.parent.glob("results/*/data/*.parquet"))]
        texts = [file for file in texts if "text" in polars.read_parquet_schema(file)]
        if not texts:
            return f"## {TITLES[part]}\n\nSkipped: no texts; run `make demo` or give --texts."
        frame = bench_dedup.rows(bench_dedup.read_texts(texts), quick)
        body = table(
            ["case", "ours s", "peer", "peer s", "recall", "peer recall", "MB", "target", "met"],
            (
                [
                    row["name"],
                    number(row["ours_s"]),
                    row["peer"] or "",
                    number(row["peer_s"]),
                    number(row["recall"], 4),
                    number(row["peer_recall"], 4),
                    number(row["memory_mb"], 0),
                    row["target"],
                    "yes" if row["good"] else "no",
                ]
                for row in frame.iter_rows(named=True)
            ),
        )
    else:
        heads = ["measure", "ours s", "peer", "peer s", "ratio", "extra MB", "target", "note"]
        body = table(heads, measured(part, quick))
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    load = os.getloadavg()[1]
    size = "; quick: a fraction of the size" if quick else ""
    told = f"Run {when}; load average over 5 minutes at the end {load:.1f}{size}."
    return f"## {TITLES[part]}\n\n{told}\n\n{body}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(TITLES))
    parser.add_argument("--quick", action="store_true", help="a fraction of the size")
    parser.add_argument("--texts", action="append", default=[], help="texts for dedup")
    parser.add_argument("--output", type=Path, default=HERE / "results.md")
    given = parser.parse_args()
    if unknown := set(given.parts) - TITLES.keys():
        parser.error(f"unknown parts {unknown}; choose from {', '.join(TITLES)}")
    chosen = given.parts or list(TITLES)
    if len(chosen) > 1:  # memory of one part must not count for the next
        for part in chosen:
            more = ["--quick"] if given.quick else []
            more += [word for text in given.texts for word in ("--texts", text)]
            command = [sys.executable, __file__, part, "--output", str(given.output), *more]
            subprocess.run(command, check=True)
        return
    before = given.output.read_text("utf-8") if given.output.exists() else ""
    kept = {title: text for title, text in re.findall(r"(?ms)^(## [^\n]+)(.*?)(?=^## |\Z)", before)}
    made = section(chosen[0], given.quick, given.texts)
    parts = []
    for part, title in TITLES.items():
        head = f"## {title}"
        if part == chosen[0]:
            parts.append(made)
        elif head in kept:
            parts.append(f"{head}{kept[head].rstrip()}")
    text = ["# Measured", "Written by `make bench`.", machine(), *parts]
    given.output.write_text("\n\n".join(text) + "\n", "utf-8")
    print(made)


if __name__ == "__main__":
    main()
