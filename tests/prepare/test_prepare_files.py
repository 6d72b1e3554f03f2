"""Files of people are read in every form."""

import json
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow as pa
import pytest

from mixtura.prepare.files import form_of, read_rows, write_file
from mixtura.prepare.rows import task_rows
from mixtura.prepare.settings import FileForm

QA = {"context": "context", "question": "question", "answer": "answer"}


def squad(path, **last) -> str:
    """A SQuAD file of one article, two contexts and four questions."""
    questions = [
        {"question": "Who?", "answers": [{"text": "Ann"}, {"text": "Ann"}, {"text": "Ann Lee"}]},
        {"question": "Where?", "answers": [{"text": "Rome"}]},
        {"question": "Why?", "is_impossible": True, "answers": [], "plausible_answers": []},
    ]
    other = {"question": "Who?", "answers": [{"text": "Bo"}], **last}
    paragraphs = [
        {"context": "Ann Lee lives in Rome.", "qas": questions},
        {"context": "Bo sings.", "qas": [other]},
    ]
    document = {"version": "v2.0", "data": [{"title": "People", "paragraphs": paragraphs}]}
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_files_of_every_kind_read_the_same(suffix: str, tmp_path) -> None:
    frame = pl.DataFrame({"text": ['say "no", twice', "ça va"], "label": ["a", "b"]})
    path = str(tmp_path / f"rows.{suffix}")
    write_file(frame, path)
    assert read_rows(path).equals(frame)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_in_a_tsv_a_quote_is_a_character(tmp_path) -> None:
    lines = ['ham\t"Hello there', "spam\tsecond row", 'ham\tthird row"', "ham\tfourth row"]
    path = written(tmp_path / "quote.tsv", "\n".join(["label\ttext", *lines, "spam\tfifth row"]))
    texts = ['"Hello there', "second row", 'third row"', "fourth row", "fifth row"]
    assert read_rows(path)["text"].to_list() == texts
    quoted = written(tmp_path / "quoted.tsv", 'label\ttext\nham\t"two\twords"\n')
    assert read_rows(quoted, FileForm(quotes=True))["text"].to_list() == ["two\twords"]
    with pytest.raises(ValueError, match=r"line 2 has 3 fields of 2; .* the keys separator and"):
        read_rows(quoted)


def test_a_quote_inside_a_field_is_a_character(tmp_path) -> None:
    path = written(tmp_path / "inch.csv", 'text,label\nA 5" screen that works,1\nplain row one,0\n')
    assert read_rows(path).rows() == [('A 5" screen that works', "1"), ("plain row one", "0")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "text,label\nhello, world,1\nplain row,0\n",
            r"rows.csv: line 2 has 3 fields of 2; quote the text",
        ),
        ('text,label\n"two\nlines",1\nplain row\n', r"line 4 has 1 fields of 2; .* ',', a quote"),
        ('text,label\none,1\n"two,0\nthree,1\n', r"line 3: unexpected end of data; .*`quotes: f"),
        ('text,label\n"a" b,1\n', r"line 2: ',' expected after '\"'"),
        ("text,text\na,b\n", r"column 'text' stands twice"),
        ("", r"rows.csv is empty"),
    ],
)
def test_a_broken_line_has_its_number(content: str, message: str, tmp_path) -> None:
    with pytest.raises(ValueError, match=message):
        read_rows(written(tmp_path / "rows.csv", content))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_separator_is_found_or_asked_for(separator: str, tmp_path) -> None:
    rows = [("text", "label"), ('"first, with a comma"', "a"), ('"x;y|z"', "b")]
    path = written(tmp_path / "rows.csv", "\n".join(separator.join(row) for row in rows))
    for form in (None, FileForm(separator=separator)):
        assert read_rows(path, form).rows() == [("first, with a comma", "a"), ("x;y|z", "b")]


def test_one_column_needs_no_separator(tmp_path) -> None:
    path = written(tmp_path / "rows.csv", "text\n今天天气很好，我们去公园玩。\n\nयह फिल्म अच्छी है\n")
    assert read_rows(path)["text"].to_list() == ["今天天气很好，我们去公园玩。", "यह फिल्म अच्छी है"]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_no_text(suffix: str, encoding: str, tmp_path) -> None:
    lines = {
        "csv": "text,label\nfärst,x\nsecond,y\n",
        "tsv": "text\tlabel\nfärst\tx\nsecond\ty\n",
        "jsonl": '{"text":"färst","label":"x"}\n{"text":"second","label":"y"}\n',
        "json": '[{"text":"färst","label":"x"},{"text":"second","label":"y"}]',
    }
    path = written(tmp_path / f"bom.{suffix}", lines[suffix].encode(encoding))
    expected = {"text": ["färst", "second"], "label": ["x", "y"]}
    assert read_rows(path).to_dict(as_series=False) == expected


def test_an_encoding_is_asked_for(tmp_path) -> None:
    path = written(tmp_path / "rows.csv", "text\ncafé\n".encode("cp1252"))
    assert read_rows(path)["text"].to_list() == ["caf\ufffd"]
    assert read_rows(path, FileForm(encoding="cp1252"))["text"].to_list() == ["café"]
    with pytest.raises(ValueError, match="no such encoding"):
        FileForm(encoding="cp99999")


@pytest.mark.parametrize("kind", ["CSV", "JSONL", "json", "TSV", "Parquet"])
@pytest.mark.parametrize("packed", ["", ".gz", ".ZST"])
def test_packed_files_and_capital_suffixes_read_the_same(kind: str, packed: str, tmp_path) -> None:
    frame = pl.DataFrame({"text": ["eins", "zwei"], "label": ["a", "b"]})
    plain = tmp_path / f"rows.{kind}"
    frame.write_json(plain) if kind == "json" else write_file(frame, plain)
    path = plain.with_name(plain.name + packed)
    if packed:
        with pa.output_stream(path, compression={".gz": "gzip", ".ZST": "zstd"}[packed]) as stream:
            stream.write(plain.read_bytes())
    assert read_rows(path).equals(frame)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_broken_archive_is_named(suffix: str, tmp_path) -> None:
    with pytest.raises(ValueError, match=rf"rows.csv.{suffix} cannot be unpacked"):
        read_rows(written(tmp_path / f"rows.csv.{suffix}", b"text,label\n"))


def test_lines_of_json_are_read_in_a_file_of_json(tmp_path) -> None:
    two = '{"text":"a","label":true}\n\n{"text":"b \u2028 c","score":1.5}\n'
    expected = {"text": ["a", "b \u2028 c"], "label": [True, None], "score": [None, 1.5]}
    assert read_rows(written(tmp_path / "two.json", two)).to_dict(as_series=False) == expected
    assert read_rows(written(tmp_path / "two.jsonl", two)).to_dict(as_series=False) == expected
    assert read_rows(written(tmp_path / "one.json", '{"text":"a"}')).rows() == [("a",)]


@pytest.mark.parametrize(
    ("suffix", "content", "message"),
    [
        ("jsonl", '{"text":"a"}\n{"text":\n', r"rows.jsonl: line 2 is no JSON: Expecting value"),
        ("json", '[{"text":"a"},\n{"text":]', r"rows.json: line 2 is no JSON"),
        ("json", '"text"', r"neither a list of records nor"),
        ("json", '[{"text":"a"},"b"]', r"record 2 is no object \{...\} but 'b'"),
    ],
)
def test_broken_json_is_named(suffix: str, content: str, message: str, tmp_path) -> None:
    with pytest.raises(ValueError, match=message):
        read_rows(written(tmp_path / f"rows.{suffix}", content))


def test_values_of_several_types_become_text_as_json_writes_them(tmp_path) -> None:
    path = written(tmp_path / "rows.jsonl", '{"a":1,"b":4}\n{"a":true,"b":4.0}\n{"a":"x"}\n')
    frame = read_rows(path)
    assert frame.to_dict(as_series=False) == {"a": ["1", "true", "x"], "b": [4.0, 4.0, None]}


def test_classes_of_a_parquet_file_have_their_names(tmp_path) -> None:
    frame = datasets.Dataset.from_dict(
        {"text": ["fine", "dull", "?"], "label": [1, 0, -1]},
        features=datasets.Features(
            text=datasets.Value("string"), label=datasets.ClassLabel(names=["neg", "pos"])
        ),
    )
    frame.to_parquet(tmp_path / "rows.parquet")
    assert read_rows(tmp_path / "rows.parquet")["label"].to_list() == ["pos", "neg", None]


def test_a_tsv_cannot_hold_tabs(tmp_path) -> None:
    frame = pl.DataFrame({"text": ["plain", "two\nlines"]})
    with pytest.raises(ValueError, match="row 2 of column 'text' holds a tab or a line end"):
        write_file(frame, tmp_path / "rows.tsv")
    assert not (tmp_path / "rows.tsv").exists()


def test_another_suffix_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows.pkl: allowed are .csv"):
        read_rows("rows.pkl")


def test_squad_questions_keep_their_context_and_their_different_answers(tmp_path) -> None:
    frame = read_rows(squad(tmp_path / "squad.json"))
    rows = task_rows(frame, "qa", QA, None, "real").rows
    assert frame.height == 4 and rows.height == 3  # the impossible question went
    assert rows["answers"].to_list() == [["Ann", "Ann Lee"], ["Rome"], ["Bo"]]
    assert rows["text"].to_list() == rows["question"].to_list() == ["Who?", "Where?", "Who?"]
    assert rows["id"].n_unique() == 3 and set(rows["label"]) == {"qa"}


def test_a_squad_file_that_lacks_a_field_names_its_article(tmp_path) -> None:
    path = tmp_path / "squad.json"
    squad(path)
    path.write_text(path.read_text().replace('"qas"', '"questions"'))
    with pytest.raises(ValueError, match=r"article 1 \(People\) lacks 'qas'"):
        read_rows(path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet"])
def test_instructions_are_measured_with_their_responses(suffix: str, tmp_path) -> None:
    frame = pl.DataFrame({"ask": ["Add 1 and 2.", "Name a tree."], "reply": ["3", "Oak"]})
    path = tmp_path / f"rows.{suffix}"
    write = {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}
    write.get(suffix, frame.write_json)(path)
    columns = {"prompt": "ask", "response": "reply"}
    rows = task_rows(read_rows(path), "instruction", columns, None, "real").rows
    assert rows.columns == ["id", "text", "label", "prompt", "response"]
    assert rows["text"].to_list() == ["Add 1 and 2.\n3", "Name a tree.\nOak"]


def test_texts_that_a_spreadsheet_would_compute_get_an_apostrophe_where_asked(
    tmp_path: Path,
) -> None:
    texts = ["=1+1", "+1", "-1", "@sum", "a=1", "", None]
    table = pl.DataFrame({"text": texts, "number": [-1.0] * 7})
    write_file(table, tmp_path / "plain.csv")
    write_file(table, tmp_path / "escaped.csv", escape=True)
    lines = (tmp_path / "escaped.csv").read_text().splitlines()
    assert lines[1:6] == ["'=1+1,-1.0", "'+1,-1.0", "'-1,-1.0", "'@sum,-1.0", "a=1,-1.0"]
    assert (tmp_path / "plain.csv").read_text().splitlines()[1] == "=1+1,-1.0"


@pytest.mark.parametrize(
    "content",
    [
        b"sep=;\r\ntext;label\r\nwell, yes;a\r\nno;b\r\n",  # as Excel writes and reads it
        b'\xef\xbb\xbf"SEP=;"\ntext;label\nwell, yes;a\nno;b\n',
        "text;label\nwell, yes;a\nno;b\n".encode("utf-16-le"),  # without its mark
        "text;label\nwell, yes;a\nno;b\n".encode("utf-16-be"),
        b"text;label\rwell, yes;a\rno;b\r",
    ],
)
def test_tables_of_office_programs_read_the_same(content: bytes, tmp_path) -> None:
    path = written(tmp_path / "rows.csv", content)
    assert read_rows(path).rows() == [("well, yes", "a"), ("no", "b")]


def test_a_line_after_the_separator_line_has_its_number(tmp_path) -> None:
    path = written(tmp_path / "rows.csv", "sep=;\ntext;label\na;b;c\n")
    with pytest.raises(ValueError, match="line 3 has 3 fields of 2"):
        read_rows(path)


@pytest.mark.parametrize(
    "document",
    [
        {"rows": [{"text": "one", "label": "a"}, {"text": "two", "label": "b"}], "count": 2},
        {"text": ["one", "two"], "label": ["a", "b"]},
        {"text": {"0": "one", "1": "two"}, "label": {"0": "a", "1": "b"}},  # DataFrame.to_json()
    ],
)
def test_documents_of_records_and_of_columns_are_read(document, tmp_path) -> None:
    path = written(tmp_path / "rows.json", json.dumps(document))
    assert read_rows(path).select("text", "label").rows() == [("one", "a"), ("two", "b")]


def test_a_single_record_with_a_list_stays_one(tmp_path) -> None:
    path = written(tmp_path / "rows.json", '{"text": "one", "labels": ["a", "b"]}')
    assert read_rows(path).rows() == [("one", ["a", "b"])]


def test_text_that_is_no_utf_8_is_likely_of_windows(tmp_path) -> None:
    for name, content, encoding in (
        ("a.csv", "text\ncafé\n".encode("cp1252"), "cp1252"),
        ("b.csv", "text\ncafé\n".encode(), None),
        ("c.csv", "text\ncafé\n".encode("utf-16"), None),
        ("e.csv", "text\ncafé\nthé à la crème\n".encode() + b"caf\xe9\n", None),  # one row
    ):
        form = form_of(written(tmp_path / name, content))
        assert form.encoding == encoding
        assert read_rows(tmp_path / name, form)["text"][0] == "café"
    pl.DataFrame({"text": ["café"]}).write_parquet(tmp_path / "d.parquet")
    assert form_of(tmp_path / "d.parquet").encoding is None


TURNS = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": "Name a tree."},
    {"role": "assistant", "content": " Oak "},
    {"role": "user", "content": "Another."},
    {"role": "assistant", "content": "Elm"},
]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet", "csv"])
def test_conversations_are_instructions_with_all_their_turns(suffix: str, tmp_path: Path) -> None:
    talks = [TURNS, TURNS[1:3]]
    path = tmp_path / f"rows.{suffix}"
    if suffix == "parquet":
        pl.DataFrame({"talk": talks}).write_parquet(path)
    elif suffix == "csv":
        pl.DataFrame({"talk": list(map(json.dumps, talks))}).write_csv(path)
    else:
        lines = [json.dumps({"talk": talk}) for talk in talks]
        path.write_text("\n".join(lines) if suffix == "jsonl" else f"[{', '.join(lines)}]")
    rows = task_rows(read_rows(path), "instruction", {"messages": "talk"}, None, "real").rows
    assert rows.columns == ["id", "text", "label", "prompt", "response", "messages"]
    talk = "System: Be short.\nUser: Name a tree.\nAssistant: Oak\nUser: Another.\nAssistant:"
    assert rows["prompt"].to_list() == [talk, "Name a tree."]
    assert rows["text"].to_list() == [f"{talk}\nElm", "Name a tree.\nOak"]
    assert [turn["content"] for turn in json.loads(rows["messages"][0])][2] == "Oak"


@pytest.mark.parametrize(
    ("turns", "words"),
    [
        (TURNS[:4], "then user and assistant in turn, the assistant last"),
        ([], "has turns of nobody"),
        ([{"role": "bot", "content": "x"}], "turn 1 has role 'bot'; allowed: system, user"),
        ([TURNS[1], {"role": "assistant", "content": " "}], "turn 2 has no text"),
        ("Hello", "is no JSON: 'Hello'"),
    ],
)
def test_what_is_no_conversation_is_named_by_its_row(turns: Any, words: str) -> None:
    frame = pl.DataFrame({"talk": [json.dumps(TURNS), json.dumps(turns)]})
    if turns == "Hello":
        frame = pl.DataFrame({"talk": [json.dumps(TURNS), turns]})
    with pytest.raises(ValueError, match=f"row 2: talk .*{words}"):
        task_rows(frame, "instruction", {"messages": "talk"}, None, "real")
    with pytest.raises(ValueError, match="messages: no column 'other'; columns are: talk"):
        task_rows(frame, "instruction", {"messages": "other"}, None, "real")


def test_a_number_that_is_none_is_null_beside_text_and_numbers(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"label": "a", "x": 1.5}\n{"label": NaN, "x": NaN}\n')
    assert read_rows(file).to_dict(as_series=False) == {"label": ["a", None], "x": [1.5, None]}
