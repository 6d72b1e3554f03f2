"""What the data hold is found before a job runs."""

from pathlib import Path
from typing import Any

import pytest

from changes import changed
from mixtura.study.base import ConfigError
from mixtura.study.data import MEMORY, rows_of_sides
from mixtura.study.load import load_study


@pytest.fixture
def tiny_of(tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The tiny study of a file with some content, and changes of its section `task`."""
    monkeypatch.chdir(tmp_path)

    def study(content: str, name: str = "rows.csv", **task: Any) -> dict[str, Any]:
        Path(name).write_text(content, encoding="utf-8")
        unlabelled_task = {key: value for key, value in tiny["task"].items() if key != "labels"}
        section = {**unlabelled_task, "data": {"path": name, **task.pop("data", {})}, **task}
        return changed(tiny, "task", section)

    return study


def rows_of(*labels: str, each: int = 60) -> str:
    lines = [f"text {label} {row},{label}" for row in range(each) for label in labels]
    return "\n".join(["text,label", *lines, ""])


def test_labels_are_learnt_from_a_file_and_read_once(tiny_of) -> None:
    config = tiny_of(rows_of("Billing & refunds", "FAQ"))
    study = load_study(config)
    assert study.task.words == ["Billing & refunds", "FAQ"]
    assert study.task.labels == {"Billing & refunds": "Billing & refunds", "FAQ": "FAQ"}
    memories = list(Path(MEMORY).iterdir())
    assert len(memories) == 2  # labels, and rows of each
    dates = [file.stat().st_mtime_ns for file in memories]
    assert load_study(config) == study
    assert [file.stat().st_mtime_ns for file in memories] == dates
    assert load_study(tiny_of(rows_of("a", "b"))).task.words == ["a", "b"]


def test_labels_of_embedded_data_are_known(tiny: dict[str, Any]) -> None:
    section = {**tiny["task"], "data": {"package": "tweets"}, "labels": None}
    assert load_study(changed(tiny, "task", section)).task.words == ["negative", "positive"]


def test_merged_values_are_counted_together(tiny_of) -> None:
    content = rows_of("Shipping", "Other", "Billing", each=30)
    merged = {"Shipping": "other", "Other": "other", "Billing": "billing"}
    config = tiny_of(content, labels=merged, test=20)
    with pytest.raises(
        ConfigError, match=r"'billing' has 7 rows left for the most .*30 billing, 60 other"
    ):
        load_study(config)


def test_near_copies_are_not_counted(tiny_of) -> None:
    content = rows_of("a", "b") + rows_of("a", "b").upper().replace(",A", ",a").replace(",B", ",b")
    config = tiny_of(content.replace("TEXT,LABEL\n", ""), test=90)
    with pytest.raises(ConfigError, match=r"30 rows are left for task.reference, 32 needed"):
        load_study(config)


@pytest.mark.parametrize(
    ("content", "task", "message"),
    [
        ("text,label\nhello, world,1\n", {}, r"task.data: rows.csv: line 2 has 3 fields of 2"),
        (rows_of("a", "b"), {"data": {"label": "topic"}}, r"task.data.label: no column 'topic'"),
        (rows_of("a", "b"), {"data": {"text": "body"}}, r"task.data.text: no column 'body'; col"),
        (rows_of("a"), {}, r"task.data: rows.csv: column 'label' holds 1 different labels \('a'\)"),
        (
            rows_of("a", "b") + ",a\n",
            {},
            r"task.data: rows.csv: row 121: the text is empty .*; 1",
        ),
        (
            rows_of("a", "b", "c"),
            {"labels": {"a": "first", "b": "second"}},
            r"task.data: rows.csv: row 3: label 'c' is not in task.labels \(a, b\); 60 such",
        ),
        (rows_of("a", "b"), {"labels": {"a": "same", "b": "same"}}, r"labels: 1 different words"),
        (rows_of("a", "b"), {"labels": {"a": True, "b": "x"}}, r"task.labels.a.*write it in quo"),
        (rows_of("a", "b"), {"labels": {"a": "two\nlines", "b": "x"}}, r"task.labels.a.*one line"),
        (rows_of("a", "b"), {"labels": {"a": "x", "b": ""}}, r"task.labels.b"),
    ],
)
def test_what_reading_finds_is_told_with_its_key(tiny_of, content, task, message) -> None:
    with pytest.raises(ConfigError, match=message):
        load_study(tiny_of(content, **task))


def test_rows_with_other_labels_are_left_out(tiny_of) -> None:
    labels = {"a": "first", "b": "second"}
    config = tiny_of(rows_of("a", "b", "c"), labels=labels, other_labels="leave-out")
    assert load_study(config).task.words == ["first", "second"]


def test_other_values_of_yaml_match_the_file(tiny_of) -> None:
    labels = {True: "positive", False: "negative"}  # as YAML reads true, yes and on
    lines = [f'{{"text":"row {n}","label":{"true" if n % 2 else "false"}}}' for n in range(120)]
    study = load_study(tiny_of("\n".join(lines), "rows.jsonl", labels=labels))
    assert study.task.labels == {"true": "positive", "false": "negative"}


def test_rows_of_a_shifted_set_are_counted_before_a_job_runs(tiny_of) -> None:
    Path("other.csv").write_text(rows_of("a", "b", each=5))
    config = tiny_of(rows_of("a", "b"), shifted={"other": {"path": "other.csv"}}, shifted_rows=12)
    with pytest.raises(
        ConfigError, match=r"task.shifted.other: 10 rows are left for task.shifted_rows, 12"
    ):
        load_study(config)


def test_labels_of_a_hub_are_named(tiny: dict[str, Any]) -> None:
    section = {**tiny["task"], "data": {"hub": "someone/texts"}, "labels": None}
    with pytest.raises(ConfigError, match=r"task: labels: missing; they are learnt from the emb"):
        load_study(changed(tiny, "task", section))


def test_files_of_their_own_have_the_columns_of_the_data(tiny_of) -> None:
    content = rows_of("a", "b").replace("text,label", "body,topic")
    Path("test.csv").write_text(content.replace("text", "other"))
    Path("more.csv").write_text("body\n" + "\n".join(f"mail {n}" for n in range(40)))
    config = tiny_of(
        content,
        data={"text": "body", "label": "topic"},
        test={"data": {"path": "test.csv"}},
        unlabelled={"path": "more.csv"},
    )
    task = load_study(config).task
    assert task.test.data and task.test.data.text == "body" and task.test.data.label == "topic"
    assert task.reading_of("unlabelled").columns == {"text": "body"}
    assert task.reading_of("test").labels == {"a": "a", "b": "b"}


@pytest.mark.parametrize(
    ("test", "more", "task", "message"),
    [
        ("text,label\nx,c\n", "", {}, r"task.test.data: test.csv: row 1: label 'c' is not in"),
        ("body,label\nx,a\n", "", {}, r"task.test.data.text: no column 'text'; columns are: body"),
        (
            "text,label\nx,a\n",
            "",
            {"test": {"data": {"path": "test.csv"}, "rows": 9}},
            r"task.test.data: 1 rows are left for task.test, 9 needed",
        ),
        (
            "text,label\nx,a\n",
            "text\n" + "\n".join(f"mail {n}" for n in range(9)),
            {"unlabelled": {"path": "more.csv"}},
            r"task.unlabelled: 9 rows are left for task.reference, 32 needed",
        ),
        (
            "text,label\n"
            + "\n".join(f"TEXT {x.upper()} {n}!,{x}" for x in "ab" for n in range(60)),
            "",
            {},
            r"task.data \(without near-copies of task.test.data\): 0 rows are left for task.refer",
        ),
    ],
)
def test_what_files_of_their_own_lack_is_told_with_their_keys(
    tiny_of, test: str, more: str, task: dict[str, Any], message: str
) -> None:
    Path("test.csv").write_text(test)
    Path("more.csv").write_text(more)
    section = {"test": {"data": {"path": "test.csv"}}, **task}
    with pytest.raises(ConfigError, match=message):
        load_study(tiny_of(rows_of("a", "b"), **section))


def test_splits_of_a_saved_data_set_are_read_before_a_job_runs(tiny_of) -> None:
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["bad", "good"])})

    def part(name: str, rows: int) -> Dataset:
        columns = {
            "text": [f"{name} {n}" for n in range(rows)],
            "label": [n % 2 for n in range(rows)],
        }
        return Dataset.from_dict(columns, features=features)

    sizes = {"train": 90, "test": 30, "validation": 8}
    DatasetDict({name: part(name, rows) for name, rows in sizes.items()}).save_to_disk("saved")
    section = {
        "data": {"path": "saved"},
        "test": {"data": {"split": "test"}},
        "development": {"data": {"split": "validation"}},
    }
    task = load_study(tiny_of("", **section)).task
    assert task.words == ["bad", "good"]
    assert task.test.data and (task.test.data.path, task.test.data.split) == ("saved", "test")
    assert rows_of_sides(task) == {
        "data": {"bad": 45, "good": 45},
        "test": {"bad": 15, "good": 15},
        "development": {"bad": 4, "good": 4},
    }
    for split, message in (("tests", r"task.test.data: saved has no split 'tests'.*train, test"),):
        with pytest.raises(ConfigError, match=message):
            load_study(tiny_of("", **section | {"test": {"data": {"split": split}}}))


def test_folds_leave_enough_rows_in_each(tiny_of) -> None:
    config = changed(tiny_of(rows_of("a", "b", each=30), test={"folds": 3}), "replicates", 3)
    with pytest.raises(ConfigError, match=r"task.data without a fold of 3: 8 rows are left for t"):
        load_study(config)
    fits = tiny_of(rows_of("a", "b", each=36), test={"folds": 3})
    assert load_study(changed(fits, "replicates", 6)).task.test.folds == 3
    for replicates, message in (
        (4, r"replicates.count: 4; allowed with task.test.folds = 3: multiples of 3"),
        ({"count": 3, "share": ["generated"]}, r"replicates.share: \[generated\], but with task"),
    ):
        with pytest.raises(ConfigError, match=message):
            load_study(changed(fits, "replicates", replicates))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"test": {"folds": 3, "rows": 9}}, r"task.test: folds: every row of task.data is a test"),
        ({"test": {}}, r"task.test: give rows \(1 or more\), data or folds"),
        ({"test": 0}, r"task.test"),
        ({"test": {"folds": 1}}, r"task.test.folds: 1 is wrong"),
        ({"kind": "qa", "unlabelled": {"path": "rows.csv"}}, r"unlabelled: is for kind classif"),
    ],
)
def test_splits_that_cannot_be_are_refused(tiny_of, task: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_study(tiny_of(rows_of("a", "b"), **task))


@pytest.mark.parametrize(
    ("rows", "message"),
    [(1, "up to 16, for .* 16 real rows .* of 200 passages"), (40, "up to 5, for .* of 5 passa")],
)
def test_no_level_asks_about_more_passages_than_there_are(tiny_of, rows: int, message: str) -> None:
    lines = [f"Passage {n // rows}.,What is {n}?,{n}" for n in range(200)]
    config = tiny_of("\n".join(["context,question,answer", *lines]), kind="qa")
    levels = {"D0": {"contexts": 1}, "D6": {"contexts": 17}}
    config = changed(config, "pipelines", {"topic": {"dial": "context", "levels": levels}})
    config = changed(config, "downstream", {"m": {"kind": "causal-lm", "model": "writer"}})
    with pytest.raises(ConfigError, match=rf"pipelines.topic.levels.D6.contexts: 17; .*{message}"):
        load_study(config)
