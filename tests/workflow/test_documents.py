"""The documents: all are found from the README, and what they show is there."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
import yaml

from conftest import ROOT, run_snakemake
from mixtura.cli.app import app
from mixtura.core.modules import load_own

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text()
KINDS = ("diversity", "shift")


def test_the_readme_links_every_document_and_study() -> None:
    wanted = [*(ROOT / "docs").glob("*.md"), *(ROOT / "config").glob("*.yaml")]
    assert wanted
    assert not [path for path in wanted if f"]({path.relative_to(ROOT)})" not in README]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", path.read_text())
    local = [link for link in links if "://" not in link]
    assert not [link for link in local if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_shown_commands_and_studies_exist(path: Path) -> None:
    text = path.read_text()
    commands = set(re.findall(r"(?:^|`|bin/)mixtura ([a-z]+)", text, re.MULTILINE))
    assert commands <= set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"(?:config|profiles)/[\w/-]+\.yaml", text))
    assert not [name for name in named if not (ROOT / name).is_file()]


EXTENDING = (ROOT / "docs/extending.md").read_text()
SHOWN = re.findall(r"```python\n(.*?)```", EXTENDING, re.DOTALL)


def test_the_dial_that_is_shown_writes_in_its_moods(study_copy: Path, tiny: dict[str, Any]) -> None:
    (study_copy / "moods.py").write_text(SHOWN[0])
    (study_copy / "moods.j2").write_text(
        re.findall(r"```jinja\n(.*?)\n```", EXTENDING, re.DOTALL)[0]
    )
    shown = yaml.safe_load(re.findall(r"```yaml\n(pipelines.*?)```", EXTENDING, re.DOTALL)[0])
    config = copy.deepcopy(tiny)
    config["pipelines"] |= shown["pipelines"]
    config["generators"]["writer"] |= shown["generators"]["writer"]
    config["generate"]["pipelines"] = ["topic", "mood"]
    moods: dict[str, list[str | None]] = {"topic/D0": [None], "topic/D6": [None]}
    for level, settings in shown["pipelines"]["mood"]["levels"].items():
        moods[f"mood/{level}"] = settings["moods"]
    shards = [f"results/tiny/generated/writer/{name}/r0/0.parquet" for name in moods]
    run = run_snakemake(study_copy, config, *shards)
    assert run.returncode == 0, run.stdout
    for shard, expected in zip(shards, moods.values(), strict=True):
        rows = pl.read_parquet(study_copy / shard)
        output = [json.loads(fields).get("mood") for fields in rows["fields"]]
        assert set(output) == set(expected), shard
        for mood, prompt in zip(output, rows["prompt_text"], strict=True):
            assert prompt.endswith(f" review in a {mood} mood:" if mood else " review:")
    (study_copy / "moods.py").write_text(
        SHOWN[0].replace('level["moods"]', 'sorted(level["moods"])')
    )
    again = run_snakemake(study_copy, config, "-n", *shards).stdout
    assert again.count("Generate") == again.count("Generate mood") == 2


def test_the_measure_that_is_shown_is_measured_beside_the_others(
    study_copy: Path, tiny: dict[str, Any]
) -> None:
    file = study_copy / "questions.py"
    file.write_text(SHOWN[1])
    shift = "def measure(real_texts, real_embeddings, texts, embeddings):\n"
    (study_copy / "far.py").write_text(
        shift + "    return float(abs(real_embeddings.mean(0) - embeddings.mean(0)).sum())\n"
    )
    shown = yaml.safe_load(re.findall(r"```yaml\n(diversity.*?)```", EXTENDING, re.DOTALL)[0])
    config = copy.deepcopy(tiny)
    config["diversity"] |= {
        "own": {"questions": str(file)},
        "options": shown["diversity"]["options"],
    }
    config["shift"] |= {"own": {"far": str(study_copy / "far.py")}}
    run = run_snakemake(study_copy, config, "tables", "results/tiny/findings.md")
    assert run.returncode == 0, run.stdout
    assert "Generate" not in run.stdout and "Fine-tune" not in run.stdout
    tables = {
        name: pl.read_parquet(study_copy / f"results/tiny/tables/{name}.parquet") for name in KINDS
    }
    measured = tables["diversity"].filter(measure="questions")
    texts = pl.read_parquet(study_copy / "results/tiny/curated/writer/topic/D0/r0.parquet")["text"]
    marked = measured.filter(pl.col("level") == "D0", pl.col("settings").str.contains(r"\?"))
    assert marked["value"].to_list() == [texts.str.contains(r"\?").mean()]
    assert measured.height == 4 and measured["low"].null_count() == 0
    message = (study_copy / "results/tiny/findings.md").read_text()
    assert "questions (mark ?)" in message and "questions (mark !)" in message
    far = tables["shift"].filter(measure="far")
    assert (far["value"] > 0).all() and (far["floor"] > 0).all() and far.height == 2
    file.write_text(SHOWN[1].replace("mark in", "mark not in"))
    again = run_snakemake(study_copy, config, "tables", "-n").stdout
    assert again.count("Measure diversity") == 2 and "distribution shift" not in again
    file.write_text("def measure(texts, embeddings)\n    return 0\n")
    refused = run_snakemake(study_copy, config, "-n").stdout
    assert "questions.py, line 1: expected ':'" in refused
    file.write_text(SHOWN[1])
    for selected in ("radius", "recall"):
        config["diversity"]["own"] = {selected: str(file)}
        refused = run_snakemake(study_copy, config, "-n").stdout
        assert f"own.{selected}: there is a measure of this name; take another" in refused


def test_the_downstream_model_that_is_shown_is_compared_like_the_others(
    study_copy: Path, tiny: dict[str, Any]
) -> None:
    file = study_copy / "words.py"
    file.write_text(SHOWN[2])
    shown = yaml.safe_load(re.findall(r"```yaml\n(downstream.*?)```", EXTENDING, re.DOTALL)[0])
    words = shown["downstream"]["words"] | {"file": str(file)}
    config = tiny | {"downstream": {**tiny["downstream"], "words": words}}
    run = run_snakemake(study_copy, config, "results/tiny/findings.md", "--cores", "2")
    assert run.returncode == 0, run.stdout
    assert "Generate" not in run.stdout and "Fine-tune" not in run.stdout
    tables = study_copy / "results/tiny/tables"
    arms = pl.read_parquet(tables / "arms.parquet")
    scores = pl.read_parquet(tables / "scores.parquet").filter(model="words", metric="accuracy")
    assert set(scores["arm"]) == set(arms["arm"])
    real = scores.filter(pl.col("arm").is_in(arms.filter(design="real-only")["arm"].implode()))
    assert (real["value"] > 0.6).all()  # the labels of these reviews are in their words
    assert "words" in set(pl.read_parquet(tables / "findings.parquet")["model"])

    target = f"results/tiny/runs/{arms['arm'][0]}/words/r0/part-0"
    file.write_text(SHOWN[2].replace("return words", "return -words"))
    refused = run_snakemake(study_copy, config, target)
    assert refused.returncode != 0 and "words.py: fit_predict returned [-" in refused.stdout
    file.write_text(
        f"from pathlib import Path\n{SHOWN[2]}".replace("c=1.0):", "c=1.0, model=''):").replace(
            "words =", "assert Path(model, 'config.json').is_file()\n    words ="
        )
    )
    config["downstream"]["words"] = words | {"model": "reader"}
    run = run_snakemake(study_copy, config, target)
    assert run.returncode == 0, run.stdout


def test_a_file_without_the_function_is_told(tmp_path: Path) -> None:
    (tmp_path / "none.py").write_text("def measured(): ...")
    with pytest.raises(ValueError, match=r"none.py: a measure needs a function measure; see docs"):
        load_own(str(tmp_path / "none.py"), "measure", "a measure")
