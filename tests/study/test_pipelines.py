"""Section `pipelines`: dials and their levels."""

from pathlib import Path
from typing import Any

import pytest

from changes import assert_refused, changed
from mixtura.study.load import load_study


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("pipelines/topic/levels/D0/topic", 1, ["pipelines.topic.levels.D0.topic", "topics"]),
        ("pipelines/topic/prompt", "gone.j2", ["pipelines.topic", "no template file 'gone.j2'"]),
    ],
)
def test_a_wrong_pipeline_is_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)


def test_a_file_of_topics_has_enough_of_them(tiny: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "topics.txt"
    file.write_text("\n".join(f"topic {number}" for number in range(9)))
    study = changed(tiny, "pipelines/topic/topics", "file")
    load_study(changed(study, "pipelines/topic/file", str(file)))
    file.write_text("a\na\nb\n\n")
    part = "levels.D6.topics: 9 is too many; "
    assert_refused(study, "pipelines/topic/file", str(file), part, "has 2 different topics")
    assert_refused(study, "pipelines/topic/file", None, "topics: file and the key file need each")
    assert_refused(tiny, "pipelines/topic/file", str(file), "topics: file and the key file need")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"a film\nun caf\xe9\n", "line 2 is no text in UTF-8"),
        ("a film\n".encode("utf-16"), "line 1 is no text in UTF-8"),
        (b"a film\n\na\0b\n", "line 3 is no text in UTF-8"),
        (b"\xef\xbb\xbf\n \n", "no line holds anything"),
        (None, "is a folder"),
    ],
)
@pytest.mark.parametrize("name", ["topics.txt", "mine.j2", "dial.py"])
def test_a_broken_file_of_text_is_refused_by_its_line(
    tiny: dict[str, Any], tmp_path: Path, written: bytes | None, message: str, name: str
) -> None:
    file = tmp_path / name
    if written is None:
        file.mkdir()
    else:
        file.write_bytes(written)
    levels = {"D0": {"personas": 1}}
    path, value = {
        "topics.txt": ("pipelines/who", {"dial": "persona", "levels": levels, "file": str(file)}),
        "mine.j2": ("generators/writer/prompt", str(file)),
        "dial.py": ("pipelines/mine", {"dial": "module", "levels": {"D0": {}}, "file": str(file)}),
    }[name]
    assert_refused(tiny, path, value, path.replace("/", "."), f"{file}", message)
    if name == "topics.txt":
        study = changed(tiny, "pipelines/topic/topics", "file")
        assert_refused(study, "pipelines/topic/file", str(file), f"{file}", message)


def test_personas_come_from_one_list(tiny: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "personas.txt").write_text("a shy poet\n")
    levels = {level: {"personas": 1} for level in ("D0", "D6")}
    both = {"personas": ["a cook"], "file": str(tmp_path / "personas.txt")}
    persona = {"dial": "persona", "levels": levels}
    load_study(changed(tiny, "pipelines/who", persona))
    assert_refused(tiny, "pipelines/who", persona | both, "give personas or file, not both")


def test_a_module_is_a_python_file_that_can_be_read(tiny: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "dial.py"
    module = {"dial": "module", "file": str(file), "levels": {"D0": {}}}
    assert_refused(tiny, "pipelines/mine", module, "pipelines.mine.file", "no file at")
    file.write_text("def specify(:\n")
    assert_refused(tiny, "pipelines/mine", module, f"{file}, line 1: ")
    file.write_text("def specify(): ...\n")
    load_study(changed(tiny, "pipelines/mine", module))
    wrong = module | {"file": str(tmp_path / "dial.txt")}
    assert_refused(tiny, "pipelines/mine", wrong, "pipelines.mine.file", "pattern")
