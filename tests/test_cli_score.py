import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from mixtura import cli

TEXTS = [f"the {a} {b} sat on the {c}" for a in "xyz" for b in ("cat", "dog") for c in "pqrst"]
WRITERS = {"csv": "write_csv", "jsonl": "write_ndjson", "parquet": "write_parquet"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pl.DataFrame({"text": TEXTS, "label": ["a", "b"] * 15})
    for suffix, writer in WRITERS.items():
        getattr(frame, writer)(tmp_path / f"made.{suffix}")
    frame.with_columns(pl.col("text").str.replace("sat", "stood")).write_csv("real.csv")
    return lambda *arguments: CliRunner().invoke(cli.app, ["score", *arguments])


@pytest.mark.parametrize("suffix", WRITERS)
def test_words_are_measured_without_an_embedder(run, suffix):
    result = run(f"made.{suffix}", "--repeats", "2", "--output", "out.parquet")
    assert result.exit_code == 0, result.output
    assert "No --embedder" in result.stderr
    assert "distinct_n" in result.stdout and "dcscore" not in result.stdout
    made = pl.read_parquet("out.parquet").filter(measure="distinct_n")
    bigrams = {tuple(t.split()[i : i + 2]) for t in TEXTS for i in range(6)}
    row = made.filter(pl.col("settings") == json.dumps({"n": 2})).row(0, named=True)
    assert row["value"] == pytest.approx(len(bigrams) / (6 * len(TEXTS)))
    assert row["kind"] == "diversity" and row["n"] == 30


def test_reference_adds_shift_and_labels_are_used(run):
    result = run("made.csv", "--reference", "real.csv", "--label-column", "label",
                 "--repeats", "0", "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    values = dict(pl.read_parquet("out.parquet").select("measure", "value").iter_rows())
    assert values["label_shift"] == 0 and values["length_shift"] == 0
    assert values["label_entropy"] == pytest.approx(np.log(2))
    # One word in seven differs between the files.
    first = pl.read_parquet("out.parquet").filter(measure="ngram_jensen_shannon")["value"][0]
    assert first == pytest.approx(1 / 7)


def test_held_out_texts_give_the_noise_floor(run):
    result = run("made.csv", "--reference", "real.csv", "--held-out", "made.jsonl",
                 "--measure", "ngram_jensen_shannon", "--measure", "distinct_n",
                 "--repeats", "0", "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "floor" in result.stdout
    table = pl.read_parquet("out.parquet").filter(measure="ngram_jensen_shannon")
    assert table["floor"].to_list() == pytest.approx(table["value"].to_list())
    assert table["ratio"].to_list() == pytest.approx([1, 1])


def test_embedder_adds_measures_of_meaning(run, monkeypatch):
    import mixtura.embed

    def embed(texts, folder):
        assert folder == "my-model"
        return np.random.default_rng(len(texts[0])).normal(size=(len(texts), 8))

    monkeypatch.setattr(mixtura.embed, "embed", embed)
    result = run("made.csv", "--reference", "real.csv", "--embedder", "my-model",
                 "--measure", "dcscore", "--measure", "mmd", "--repeats", "3",
                 "--output", "out.parquet")  # fmt: skip
    assert result.exit_code == 0, result.output
    made = pl.read_parquet("out.parquet")
    assert made["measure"].to_list() == ["dcscore", "dcscore", "mmd"]
    assert made["embedder"].unique().to_list() == ["my-model"]
    assert made["low"].null_count() == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["made.csv", "--text-column", "body"], "no column 'body', there are text, label"),
        (["made.csv", "--label-column", "topic"], "no column 'topic'"),
        (["made.csv", "--measure", "sparkle"], "unknown measures sparkle: use dcscore"),
        (["made.csv", "--measure", "dcscore"], "dcscore needs embeddings"),
        (["made.csv", "--measure", "mmd"], "mmd: needs --reference"),
        (["made.csv", "--held-out", "real.csv"], "--held-out: needs --reference"),
        (["made.csv", "--n", "31"], "between 1 and the 30"),
        (["wrong.txt"], "allowed are .csv"),
        (["number.jsonl"], "rows of Int64"),
        (["null.csv"], "1 of them null"),
        (["none.csv"], "0 rows"),
    ],
)
def test_mistakes_are_explained(run, tmp_path, arguments, says):
    (tmp_path / "wrong.txt").write_text("text\nhello\n")
    (tmp_path / "number.jsonl").write_text('{"text": 12}\n')
    (tmp_path / "null.csv").write_text('text,x\n"a b",1\n,2\n')
    pl.DataFrame({"text": []}, {"text": pl.String}).write_csv(tmp_path / "none.csv")
    result = run(*arguments, "--output", "out.parquet")
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "out.parquet").exists()
