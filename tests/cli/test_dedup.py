import polars as pl
import pytest
from typer.testing import CliRunner

from mixtura.cli.app import app

LONG = "a fine film with a slow start and a very good end"
CSV = (
    f'id,body,n\na,"{LONG}",01\nb,"{LONG.upper()}!",02\nc,"{LONG}s",03\nd,"bad '.encode()
    + b'\xff bytes",04\ne, ,05\nf,"another text, quite",06\n'
)


def run(*arguments):
    return CliRunner().invoke(app, ["dedup", *map(str, arguments)])


def test_csv(tmp_path):
    (tmp_path / "in.csv").write_bytes(CSV)
    unique, removed = tmp_path / "kept.csv", tmp_path / "removed.parquet"
    result = run(
        *(tmp_path / "in.csv", "--text-column", "body", "--output", unique, "--removed", removed)
    )
    assert result.exit_code == 0, result.output
    lines = unique.read_text().splitlines()
    assert lines[0] == "id,body,n" and lines[-1] == 'f,"another text, quite",06' and len(lines) == 3
    duplicates = pl.read_parquet(removed)
    assert len(duplicates) == 4
    assert dict(duplicates.filter(stage="broken").select("id", "reason").iter_rows()) == {
        "d": "invalid UTF-8",
        "e": "empty text",
    }
    assert set(duplicates["stage"]) == {"broken", "exact", "fuzzy"}
    assert "6 rows in, 2 kept" in result.output and "1 removed, exact: equal text" in result.output
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "kept.csv", "removed.parquet"]


def test_threshold(tmp_path):
    (tmp_path / "in.csv").write_bytes(CSV)
    run(
        *(tmp_path / "in.csv", "--text-column", "body", "--output", tmp_path / "out.csv"),
        *("--threshold", "1"),
    )
    assert len(pl.read_csv(tmp_path / "out.csv")) == 3


def test_equal_rows_only(tmp_path):
    (tmp_path / "in.csv").write_bytes(CSV)
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    result = run(file, "--text-column", "body", "--output", out, "--threshold", "0")
    assert "1 removed, exact" in result.output and "fuzzy" not in result.output
    assert len(pl.read_csv(out)) == 3


def test_reference_and_meaning(tmp_path, encoder):
    """To the tiny encoder all unknown words are one."""
    texts = [
        "film story",
        "zebra quagga",
        "okapi bongo",
        "A review!",
        None,
        "the camera was superb",
    ]
    pl.DataFrame({"text": texts}).write_parquet(tmp_path / "in.parquet")
    real = pl.DataFrame({"text": [None, "a review", "gnu kudu"], "id": ["x", "y", "z"]})
    real.write_parquet(tmp_path / "real.parquet")
    result = run(
        *(tmp_path / "in.parquet", "--text-column", "text", "--output", tmp_path / "out.csv"),
        *("--removed", tmp_path / "removed.csv", "--reference", tmp_path / "real.parquet"),
        *("--embedder", encoder, "--semantic-threshold", "0.99999"),
    )
    assert result.exit_code == 0, result.output
    assert pl.read_csv(tmp_path / "out.csv")["text"].to_list() == [texts[0], texts[5]]
    duplicates = pl.read_csv(tmp_path / "removed.csv").sort("id")
    assert duplicates.select("id", "stage", "kept_id").rows() == [
        (2, "semantic", "reference z"),
        (3, "semantic", "reference z"),
        (4, "exact", "reference y"),
        (5, "broken", None),
    ]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format(tmp_path, suffix):
    table = pl.DataFrame({"text": [LONG, "other", LONG + "!"]})
    file, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    if suffix == "jsonl":
        table.write_ndjson(file)
    elif suffix == "parquet":
        table.write_parquet(file)
    else:
        table.write_csv(file, separator="\t" if suffix == "tsv" else ",")
    result = run(file, "--text-column", "text", "--output", out)
    assert result.exit_code == 0, result.output
    assert "3 rows in, 2 kept" in result.output
    assert "other" in out.read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("name", "content", "column", "message"),
    [
        ("in.txt", "text\nx\n", "text", "allowed are .csv"),
        ("in.csv", "text\nx\n", "body", "no column 'body'; columns are: text"),
        ("in.csv", "", "text", "in.csv is empty"),
        ("in.jsonl", "{no json", "text", "mixtura dedup:"),
        ("in.parquet", "no parquet", "text", "mixtura dedup:"),
    ],
)
def test_bad_files_end_with_a_message(tmp_path, name, content, column, message):
    (tmp_path / name).write_text(content)
    result = run(tmp_path / name, "--text-column", column, "--output", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "out.csv").exists()


def test_missing_file(tmp_path):
    result = run(tmp_path / "no.csv", "--text-column", "text", "--output", tmp_path / "out.csv")
    assert result.exit_code == 1 and "no.csv" in result.output
