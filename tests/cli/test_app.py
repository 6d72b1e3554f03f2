"""The commands, and that asking for help loads no library of learning."""

import subprocess
import sys

import typer

from mixtura.cli.app import app


def test_the_commands_stand_in_the_order_of_the_help() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert list(commands) == [
        "init",
        "doctor",
        "dedup",
        "score",
        "plan",
        "next",
        "test",
        "compare",
        "recommend",
        "fit",
        "push",
    ]
    assert all(command.help for command in commands.values())


def test_help_imports_no_library_of_learning() -> None:
    code = "import sys, mixtura.cli.app; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"torch", "sklearn", "transformers", "snakemake", "matplotlib"} & set(modules)
