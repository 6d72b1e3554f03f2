"""Scores of logs that lm-eval and Inspect wrote, and of tables in every form."""

import gzip
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT
from mixtura.core.tables import check
from mixtura.prepare.item_scores import read_item_scores
from mixtura.prepare.settings import ScoreColumns
from mixtura.prepare.tables import ItemScores

LOGS = ROOT / "docs/logs"  # written by lm-eval 0.4.13 and Inspect 0.3.285


def read(*sources: Path | tuple[str, Path], **columns: object) -> pl.DataFrame:
    named = [source if isinstance(source, tuple) else (None, source) for source in sources]
    frame = read_item_scores(named, ScoreColumns.model_validate(columns))
    check(frame, "scores", ItemScores)
    return frame


def test_logs_of_lm_eval_are_runs_of_a_named_system() -> None:
    frame = read(("base", LOGS / "base"), ("tuned", LOGS / "tuned"), group="film")
    assert frame.group_by("system", "seed").len().sort("system", "seed").rows() == [
        (system, seed, 40) for system in ("base", "tuned") for seed in range(3)
    ]
    assert frame["task"].unique().to_list() == ["mood"]
    assert frame["metric"].unique().to_list() == ["acc"]
    assert frame["group"].n_unique() == 8 and not frame["lower"].any()
    mean = frame.filter(system="base").group_by("seed").agg(pl.col("score").mean()).sort("seed")
    assert mean["score"].to_list() == [0.875, 0.725, 0.95]  # what lm-eval printed


def test_a_log_of_lm_eval_is_named_by_its_model_and_its_summary_tells_what_is_better(
    tmp_path: Path,
) -> None:
    (packed,) = (LOGS / "base/seed-0").glob("samples_*")
    lines = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    for line in lines:
        line |= {"nll": 1.5, "pair": [-3.0, 7], "metrics": ["acc", "nll", "pair"]}
    folder = tmp_path / "my__model"
    folder.mkdir()
    log = folder / packed.name.removesuffix(".gz")
    log.write_text("\n".join(map(json.dumps, lines)))
    summary = log.name.replace("samples_mood", "results").replace("jsonl", "json")
    higher = {"higher_is_better": {"mood": {"acc": True, "nll": False}}}
    (folder / summary).write_text(json.dumps({**higher, "results": {}, "configs": {}}))
    frame = read(log)
    assert frame["system"].unique().to_list() == ["my__model"]
    assert dict(frame.select("metric", "lower").unique().rows()) == {"acc": False, "nll": True}
    strict = [{**line, "filter": "strict"} for line in lines]
    log.write_text("\n".join(map(json.dumps, [*lines, *strict])))
    assert read(log, scores=["acc,strict"]).height == 40
    for settings, columns, message in (
        (log, {"scores": ["f1"]}, r"no metric 'f1'; metrics are: acc, acc,strict, nll"),
        (log, {"scores": ["pair"]}, "pair is no number for each item"),
        (log, {"group": "page"}, "line 1: its doc has no 'page' .*; it has: text, film, gold"),
        (folder / summary, {}, "lm-eval's summary and has no items: run lm-eval with --log_samp"),
        (tmp_path / "my__model", {"lower": ["f1"]}, "lower: no metric 'f1'"),
        (LOGS / "base", {}, "holds logs of seed-0, seed-1, seed-2: give each as NAME=FOLDER"),
        (ROOT / "profiles", {}, "holds no log of items: lm-eval writes samples_TASK_DATE"),
    ):
        with pytest.raises(ValueError, match=message):
            read(settings, **columns)


def test_logs_of_inspect_are_read_packed_and_plain_with_epochs_averaged(tmp_path: Path) -> None:
    packed = LOGS / "inspect/base.eval"
    frame = read(packed, group="page")
    assert frame.select("task", "system").unique().rows() == [("sums", "mockllm__model")]
    assert frame["metric"].unique(maintain_order=True).to_list() == ["match", "includes"]
    assert frame.height == 12 and frame["group"].n_unique() == 2
    means = frame.group_by("metric").agg(pl.col("score").mean())
    assert dict(means.rows()) == pytest.approx({"match": 7 / 12, "includes": 7 / 12})
    sample = {"id": 1, "scores": {"graded": {"value": {"a": 0.5, "b": "C", "c": [1]}}}}
    log = {"status": "success", "eval": {"task": "t", "model": "m"}, "samples": [sample]}
    plain = tmp_path / "log.json"
    plain.write_text(json.dumps(log))
    assert read(plain).select("metric", "item", "score").rows() == [
        ("graded/a", "1", 0.5),
        ("graded/b", "1", 1.0),
    ]
    for change, columns, message in (
        ({"status": "error"}, {}, "status 'error'; `inspect eval-retry`"),
        ({"samples": [{"id": 1, "scores": {}}]}, {}, "no sample has a score"),
        ({}, {"scores": ["match"]}, "no score 'match'; scores are: graded/a, graded/b"),
        ({}, {"group": "page"}, "metadata of sample 1 has no 'page' to group by; it has: nothing"),
    ):
        plain.write_text(json.dumps(log | change))
        with pytest.raises(ValueError, match=message):
            read(plain, **columns)
    with zipfile.ZipFile(tmp_path / "half.eval", "w") as archive:
        archive.writestr("_journal/start.json", "{}")
    with pytest.raises(ValueError, match=r"half.eval is no finished log of Inspect"):
        read(tmp_path / "half.eval")


TABLE = pl.DataFrame(
    {"item": ["x", "y"] * 2, "model": ["a", "a", "b", "b"], "score": [1, 0, 1, 1], "f1": [0.5] * 4}
)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_tables_in_every_form_have_a_column_of_systems(tmp_path: Path, name: str) -> None:
    write = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet"}
    getattr(TABLE, write[name.split(".")[1]])(tmp_path / name)
    frame = read(tmp_path / name)
    assert frame.select("system", "item", "score", "seed").rows() == [
        *(("a", "x", 1.0, 0), ("a", "y", 0.0, 0), ("b", "x", 1.0, 0), ("b", "y", 1.0, 0))
    ]
    both = read(tmp_path / name, scores=["score", "f1"])
    assert both["metric"].unique(maintain_order=True).to_list() == ["score", "f1"]
    again = read(tmp_path / name, tmp_path / name)
    assert again["seed"].unique().sort().to_list() == [0, 1]
    named = read(("new", tmp_path / name))
    assert named["system"].unique(maintain_order=True).to_list() == ["new a", "new b"]


def test_columns_have_the_names_that_a_person_gives(tmp_path: Path) -> None:
    rows = "question,who,run,draw,doc,right\nx,a,first,1,p,true\nx,a,second,1,p,FALSE\n"
    (tmp_path / "t.csv").write_text(rows)
    names = {"item": "question", "model": "who", "seed": "run", "replicate": "draw"}
    frame = read(tmp_path / "t.csv", scores=["right"], group="doc", lower=["right"], **names)
    assert frame.drop("task", "metric").rows() == [
        ("a", 1, 0, "x", "p", 1.0, True),
        ("a", 1, 1, "x", "p", 0.0, True),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item,right\nx,1\n", r"t.csv: no column 'score'; columns are: item, right; --score names"),
        ("id,score\nx,1\n", r"t.csv: no column 'item'; columns are: id, score; --item names yours"),
        ("item,score\nx,1\ny,high\n", r"row 2: column 'score' holds 'high'; allowed: a number"),
        ("item,score\nx,1\ny,\n", r"row 2 has no score in column 'score'; a wrong answer scores 0"),
        ("item,score\nx,1\ny,nan\n", r"row 2: column 'score' holds 'nan'"),
        ("item,score\nx,1\n,1\n", r"row 2 has nothing in column 'item'"),
        ("item,score\nx,1\ny,1\nx,0\n", r"rows 1 and 3 are both of item 'x'; name the columns"),
        ("item,score\n", r"t.csv has no rows"),
    ],
)
def test_bad_tables_are_named_with_row_and_column(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "t.csv")


def test_two_sources_of_one_name_need_names(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text("item,score\nx,1\ny,0\n")
    files = [tmp_path / folder / "t.csv" for folder in ("one", "two")]
    with pytest.raises(ValueError, match=r"are both called t: give each a name, as in a=.*one"):
        read(*files)
    runs = read(*(("t", file) for file in files))
    assert runs["seed"].to_list() == [0, 0, 1, 1]
