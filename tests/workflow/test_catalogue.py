"""The workflow catalogue takes the repository, and editors check a configuration by its schema."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from conftest import ROOT

EDITORS = "# yaml-language-server: $schema="


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.name)
def test_editors_find_a_schema_that_accepts_the_configuration(file: Path) -> None:
    text = file.read_text()
    first = text.partition("\n")[0]
    assert first.startswith(EDITORS)
    schema = json.loads((file.parent / first.removeprefix(EDITORS)).read_text())
    jsonschema.validate(yaml.safe_load(text), schema)


def test_the_catalogue_finds_what_it_needs() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["software-stack-deployment"]["conda"]
    assert (ROOT / "config/README.md").is_file()
    assert {"snakemake", "workflow"} <= set(
        re.findall(r"\w+", (ROOT / "README.md").read_text().lower())
    )


def test_the_snakefile_of_the_catalogue_plans_the_same_jobs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "-n", "--directory", str(tmp_path)]
    command += ["--configfile", str(ROOT / "config/config.yaml")]
    counts = [
        re.findall(
            r"(?m)^(\w+) +(\d+)$",
            subprocess.run(
                [*command, "--snakefile", str(ROOT / snakefile)],
                text=True,
                capture_output=True,
                check=True,
            ).stdout,
        )
        for snakefile in ("Snakefile", "workflow/Snakefile")
    ]
    assert counts[0] == counts[1] and ("all", "1") in counts[0]
