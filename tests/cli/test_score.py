import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from mixtura.cli.app import app

TEXTS = [f"the {a} {b} sat on the {c}" for a in "xyz" for b in ("cat", "dog") for c in "pqrst"]
WRITERS = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pl.DataFrame({"text": TEXTS, "label": ["a", "b"] * 15})
    for suffix, writer in WRITERS.items():
        getattr(frame, writer)(tmp_path / f"generated.{suffix}")
    frame.with_columns(pl.col("text").str.replace("sat", "stood")).write_csv("real.csv")
    return lambda *arguments: CliRunner().invoke(app, ["score", *arguments])


@pytest.mark.parametrize("suffix", WRITERS)
def test_words_are_measured_without_an_embedder(run, suffix):
    result = run(f"generated.{suffix}", "--repeats", "2", "--output", "out.parquet")
    assert result.exit_code == 0, result.output
    assert "No --embedder" in result.stderr
    assert "distinct_n" in result.stdout and "dcscore" not in result.stdout
    scores = pl.read_parquet("out.parquet").filter(measure="distinct_n")
    bigrams = {tuple(t.split()[i : i + 2]) for t in TEXTS for i in range(6)}
    row = scores.filter(pl.col("settings") == json.dumps({"n": 2})).row(0, named=True)
    assert row["value"] == pytest.approx(len(bigrams) / (6 * len(TEXTS)))
    assert row["kind"] == "diversity" and row["n"] == 30


def test_reference_adds_shift_and_labels_are_used(run):
    result = run("generated.csv", "--reference", "real.csv", "--label-column", "label",
                 "--repeats", "0", "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    values = dict(pl.read_parquet("out.parquet").select("measure", "value").iter_rows())
    assert values["label_shift"] == 0 and values["length_shift"] == 0
    assert values["label_entropy"] == pytest.approx(np.log(2))
    # One word in seven differs between the files.
    first = pl.read_parquet("out.parquet").filter(measure="ngram_jensen_shannon")["value"][0]
    assert first == pytest.approx(1 / 7)


def test_each_file_has_its_own_columns_and_rows_without_text_are_left_out(run):
    rows = pl.read_csv("real.csv").rename({"text": "review", "label": "kind"})
    empty = pl.DataFrame({"review": [None, None], "kind": ["a", "b"]}, rows.schema)
    pl.concat([empty, rows]).write_parquet("other.parquet")
    result = run("generated.csv", "--reference", "other.parquet", "--held-out", "real.csv",
                 "--reference-text-column", "review", "--label-column", "label",
                 "--reference-label-column", "kind", "--repeats", "0",
                 "--measure", "label_shift", "--measure", "ngram_jensen_shannon",
                 "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "other.parquet: 2 of 32 rows have no text in column 'review': left out." in result.stderr
    table = pl.read_parquet("out.parquet")
    assert table["n"].unique().to_list() == [30]
    assert table.filter(measure="label_shift")["value"].item() == 0
    shift = table.filter(measure="ngram_jensen_shannon").row(0, named=True)
    assert (shift["value"], shift["floor"]) == (pytest.approx(1 / 7), 0)


def test_held_out_texts_give_the_noise_floor(run):
    result = run("generated.csv", "--reference", "real.csv", "--held-out", "generated.jsonl",
                 "--measure", "ngram_jensen_shannon", "--measure", "distinct_n",
                 "--repeats", "0", "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "floor" in result.stdout
    table = pl.read_parquet("out.parquet").filter(measure="ngram_jensen_shannon")
    assert table["floor"].to_list() == pytest.approx(table["value"].to_list())
    assert table["z"].to_list() == [None, None]  # no splits


def test_embedder_adds_measures_of_meaning(run, monkeypatch):
    import mixtura.measure.embed

    def embed(texts, folder):
        assert folder == "my-model"
        return np.random.default_rng(len(texts[0])).normal(size=(len(texts), 8))

    monkeypatch.setattr(mixtura.measure.embed, "embed", embed)
    result = run("generated.csv", "--reference", "real.csv", "--embedder", "my-model",
                 "--measure", "dcscore", "--measure", "mmd", "--repeats", "3",
                 "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    scores = pl.read_parquet("out.parquet")
    assert scores["measure"].to_list() == ["dcscore", "dcscore", "mmd"]
    assert scores["embedder"].unique().to_list() == ["my-model"]
    assert scores["low"].null_count() == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["generated.csv", "--text-column", "body"], "no column 'body', there are text, label"),
        (["generated.csv", "--label-column", "topic"], "no column 'topic'"),
        (["generated.csv", "--measure", "sparkle"], "unknown measures sparkle: use dcscore"),
        (["generated.csv", "--measure", "dcscore"], "dcscore needs embeddings"),
        (["generated.csv", "--measure", "mmd"], "mmd: needs --reference"),
        (["generated.csv", "--held-out", "real.csv"], "--held-out: needs --reference"),
        (["generated.csv", "--n", "31"], "between 1 and the 30"),
        (["wrong.txt"], "allowed are .csv"),
        (["number.jsonl"], "rows of Int64"),
        (["null.csv"], "2 rows of String, 2 of them null"),
        (["none.csv"], "0 rows"),
    ],
)
def test_mistakes_are_explained(run, tmp_path, arguments, says):
    (tmp_path / "wrong.txt").write_text("text\nhello\n")
    (tmp_path / "number.jsonl").write_text('{"text": 12}\n')
    (tmp_path / "null.csv").write_text("text,x\n,1\n,2\n")
    pl.DataFrame({"text": []}, {"text": pl.String}).write_csv(tmp_path / "none.csv")
    result = run(*arguments, "--output", "out.parquet")
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "out.parquet").exists()
