"""Versions of packages: those in use, those of another Python, those of the parts of a table."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from mixtura.core.code import package_versions
from mixtura.core.packages import version_in, version_of, versions_of_parts


def test_a_table_names_what_its_process_has_imported(tmp_path: Path) -> None:
    code = (
        "import sys, {module}, polars as pl; "
        "from mixtura.core.tables import read_about, write_table; "
        "write_table(pl.DataFrame({{'a': [1]}}), sys.argv[1]); "
        "print(read_about(sys.argv[1])['packages'])"
    )
    for module, versions in (("json", {}), ("tokenizers", {"tokenizers": version("tokenizers")})):
        command = [sys.executable, "-c", code.format(module=module), str(tmp_path / "rows")]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.stdout.strip() == str(versions), run.stderr


def test_another_python_is_looked_through_and_not_run() -> None:
    assert version_in(sys.executable, "scikit-learn") == version("scikit-learn")
    assert version_in(sys.executable, "no-such") is version_in("no-such-python", "torch") is None
    assert version_of("no-such") is None


def test_parts_of_parts_count_too() -> None:
    parts = [
        {"packages": {"torch": "2.13"}},
        {"packages": {}, "parts": {"torch": ["2.12", "2.13"], "peft": ["0.21"]}},
        {},
    ]
    assert versions_of_parts(parts) == {"peft": ["0.21"], "torch": ["2.12", "2.13"]}


def test_a_job_depends_on_the_packages_that_its_code_imports() -> None:
    of_training = dict(package_versions("finetune.py", "mixtura.train.encoder"))
    assert of_training["torch"] == version("torch") and "transformers" in of_training
    assert "torch" not in dict(package_versions("split.py"))
