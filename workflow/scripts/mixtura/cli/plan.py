"""`mixtura plan`: what a study will take."""

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixtura.cli.errors import errors_of, need
from mixtura.prepare.files import write_file

if TYPE_CHECKING:
    from mixtura.plan.sets import Sets


def plan(
    context: typer.Context,
    output: Annotated[Path | None, typer.Option(help="file for the table, best .parquet")] = None,
    pilot: Annotated[
        Path | None, typer.Option(help="results folder of a finished study with such spreads")
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="gain to show, 0.02: two points; proposes a design", min=0)
    ] = None,
) -> None:
    """Say what a study will take before it runs, jobs, tokens, hours, disk, cost, and what it sees.

    What it sees is the smallest gain that it shows in 80 of 100 cases.

    Everything else on the command line is for Snakemake: targets, --configfile, --directory,
    --config, --profile (default: profiles/local, where there is one). Nothing runs.
    """
    with errors_of("plan"):
        need("snakemake", "safetensors")
        text = _plan(list(context.args), output, pilot, target)
    typer.echo(text)


def _plan(
    arguments: list[str], output: Path | None, pilot: Path | None, target: float | None
) -> str:
    """What Snakemake would run with these arguments, and what the study sees, in words."""
    from mixtura.plan.cost import plan_table, plan_text
    from mixtura.plan.sets import Sets
    from mixtura.study.load import load_study

    if "--profile" not in arguments and Path("profiles/local").is_dir():
        arguments += ["--profile", "profiles/local"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "jobs.json")
        command = [sys.executable, "-m", "snakemake_logger_plugin_mixtura.jobs", str(file)]
        run = subprocess.run([*command, *arguments], capture_output=True, text=True)
        if not file.exists():
            typer.echo(run.stderr.strip(), err=True)
            raise typer.Exit(1)
        planned = json.loads(file.read_text())
    directory = Path(planned["directory"])
    with contextlib.chdir(directory):  # paths of the configuration are those of Snakemake
        sets = Sets(load_study(planned["config"]))
    table = plan_table(sets.configured, planned["jobs"], directory)
    if output is not None:
        write_file(table, output)
    lines = sight_lines(sets, planned, pilot, target)
    return "\n".join([plan_text(table), *([""] if lines else []), *lines])


def sight_lines(
    sets: "Sets", planned: dict[str, Any], pilot: Path | None, target: float | None
) -> list[str]:
    """What a study sees, and designs that see `target`; nothing without mixes or known spreads.

    `planned` has the jobs before the study, and the directory that Snakemake runs in.
    """
    from mixtura.cli.spreads import spreads_of
    from mixtura.plan import power

    design = power.planned_design(sets)
    spreads, source = spreads_of(pilot, sets.study.task.kind)
    if design is None or spreads is None:
        return []
    lines = power.power_lines(sets.study, design, spreads, source)
    if target:
        with contextlib.chdir(planned["directory"]):
            most = power.most_test_rows(sets.study)
        price = power.price_of(sets, planned["jobs"], Path(planned["directory"]))
        designs = power.proposals(design, spreads, price, target, most)
        lines += power.target_lines(designs, design, price, target)
    return lines
