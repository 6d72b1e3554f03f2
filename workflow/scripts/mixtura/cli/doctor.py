"""`mixtura doctor`: a machine, before money is spent."""

from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.errors import errors_of
from mixtura.core.wording import visible


def doctor(
    configfile: Annotated[Path, typer.Option(help="the study")] = Path("config/config.yaml"),
    profile: Annotated[
        Path, typer.Option(help="profile that will run it; one for SLURM asks the cluster")
    ] = Path("profiles/local"),
    trials: Annotated[
        bool,
        typer.Option(help="write a few tokens and train one step with each model that is here"),
    ] = True,
) -> None:
    """Check a machine for a study: packages, memory, disk, GPUs, SLURM, keys, models, tiny runs.

    Each line is ok, or says what to do; with the latter the exit code is 1. Trials run on this
    machine: on a cluster, run them once more on a node of each partition.
    """
    import yaml

    from mixtura.plan.machine import (
        disk_check,
        local_checks,
        needs_of,
        package_checks,
        slurm_checks,
    )
    from mixtura.plan.training_memory import memory_checks
    from mixtura.plan.trials import key_checks, model_checks, trial_checks
    from mixtura.study.load import load_study

    with errors_of("doctor"):
        study = load_study(yaml.safe_load(configfile.read_text(encoding="utf-8")))
        settings = yaml.safe_load((profile / "config.yaml").read_text(encoding="utf-8"))
        needs = needs_of(study)
        checks = [package_checks(study)]
        if settings.get("executor") == "slurm":
            file = profile / settings["slurm-partition-config"]
            partitions = yaml.safe_load(file.read_text(encoding="utf-8"))["partitions"]
            checks += [slurm_checks(needs, partitions), iter([disk_check(Path.cwd())])]
        else:
            checks.append(local_checks(needs, Path.cwd()))
        checks += [key_checks(study), model_checks(study), memory_checks(study)]
        checks += [trial_checks(study)] if trials else []
        mend = 0
        for check in (check for part in checks for check in part):
            typer.echo(visible(f"{'ok  ' if check.ok else 'MEND'}  {check.what}: {check.words}"))
            mend += not check.ok
    typer.echo(f"{mend} to mend." if mend else "All is well.")
    raise typer.Exit(bool(mend))
