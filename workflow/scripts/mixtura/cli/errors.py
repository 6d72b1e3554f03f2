"""Errors of a command that a person can mend."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import polars as pl
import typer

from mixtura.core.wording import visible

# A package that `pip install mixtura` does not bring -> the extra that does.
EXTRAS = {
    **dict.fromkeys(("sentence_transformers", "torch", "transformers"), "embed"),
    "huggingface_hub": "push",
    **dict.fromkeys(("safetensors", "snakemake", "snakemake_interface_logger_plugins"), "workflow"),
}


@contextmanager
def errors_of(command: str, *more: type[Exception]) -> Iterator[None]:
    """Turn a wrong value, file or table, and `more` errors, into one line and exit code 1.

    Where a package of an extra is missing the line says how to install it.
    """
    mendable: tuple[type[Exception], ...] = (ValueError, OSError, pl.exceptions.PolarsError, *more)
    try:
        yield
    except ModuleNotFoundError as error:
        if (extra := EXTRAS.get((error.name or "").partition(".")[0])) is None:
            raise
        message = f"needs the package {error.name}: pip install 'mixtura[{extra}]'"
        _end(command, message)
    except mendable as error:
        _end(command, str(error))


def need(*packages: str) -> None:
    """Raise ModuleNotFoundError for the first package that is not installed; imports none."""
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)


def _end(command: str, message: str) -> None:
    typer.echo(visible(f"mixtura {command}: {message}"), err=True)
    raise typer.Exit(1) from None
