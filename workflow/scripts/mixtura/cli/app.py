"""The commands of `mixtura`, in the order of its help."""

from typing import Annotated

import typer

from mixtura import __version__
from mixtura.cli.compare import compare, recommend
from mixtura.cli.dedup import dedup
from mixtura.cli.doctor import doctor
from mixtura.cli.fit import fit
from mixtura.cli.init import init
from mixtura.cli.next import next_cells
from mixtura.cli.plan import plan
from mixtura.cli.push import push
from mixtura.cli.score import score
from mixtura.cli.test import test

app = typer.Typer(help="How diverse, and how much: data for fine-tuning.", no_args_is_help=True)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"mixtura {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """How diverse, and how much: data for fine-tuning."""


app.command()(init)
app.command()(doctor)
app.command()(dedup)
app.command()(score)
# Options that it does not know are for Snakemake.
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(plan)
app.command("next")(next_cells)
app.command()(test)
app.command()(compare)
app.command()(recommend)
app.command()(fit)
app.command()(push)
