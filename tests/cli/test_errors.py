"""What a person can mend is one line and exit code 1; what they cannot is an error as it is."""

import tomllib

import polars as pl
import pytest
import typer

from conftest import ROOT
from mixtura.cli.errors import EXTRAS, errors_of, need


@pytest.mark.parametrize(
    "error", [ValueError("no rows"), OSError("no file"), pl.exceptions.ComputeError("no column")]
)
def test_an_error_is_one_line(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end, errors_of("score"):
        raise error
    assert end.value.exit_code == 1
    assert capsys.readouterr().err == f"mixtura score: {error}\n"


def test_a_missing_package_is_one_line_where_a_command_says_so() -> None:
    with pytest.raises(ImportError), errors_of("score"):
        raise ImportError("no package")
    with pytest.raises(typer.Exit), errors_of("push", ImportError):
        raise ImportError("no package")
    with errors_of("push"):
        pass


def test_a_package_of_an_extra_comes_with_how_to_install_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit), errors_of("score"):
        raise ModuleNotFoundError("No module named 'torch.cuda'", name="torch.cuda")
    message = "needs the package torch.cuda: pip install 'mixtura[embed]'"
    assert capsys.readouterr().err == f"mixtura score: {message}\n"
    with pytest.raises(ModuleNotFoundError), errors_of("score"):
        raise ModuleNotFoundError("No module named 'mixtura.gone'", name="mixtura.gone")
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        need("polars", "no_such_package")


def test_every_extra_is_declared_and_studies_have_all_that_the_requirements_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert set(EXTRAS.values()) <= set(extras)
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = {line.split("==")[0] for line in lines if not line.startswith("#")}
    assert pinned <= {*project["dependencies"], *extras["workflow"]}
