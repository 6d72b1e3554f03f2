"""A downstream model of the user's own predicts for every kind of task; wrong answers are named."""

from pathlib import Path

import polars as pl
import pytest

from mixtura.prepare.settings import Kind
from mixtura.train.module import ModuleModel

ROWS = pl.DataFrame(
    {
        "test": "test",
        "id": ["a", "b"],
        "context": ["x is y", "u is v"],
        "question": "what?",
        "answers": [["y"], ["v"]],
        "prompt": ["P", "Q"],
        "response": ["R", "S"],
        "text": ["one", "two"],
    }
)
COLUMNS = {
    "qa": ["test", "id", "context", "question", "answers"],
    "instruction": ["test", "id", "prompt", "response"],
    "text": ["test", "id", "text"],
}
OWN = """
def fit_predict(rows, unseen, seed, words=1):
    assert all("answers" in row for row in rows) or "question" not in unseen[0]
    assert not any("answers" in row for row in unseen)
    return [{"predicted": f"{len(rows)} {seed}", "nll": 2.0, "tokens": words} for row in unseen]
"""


def module_model(folder: Path, kind: Kind, text: str = OWN) -> ModuleModel:
    (folder / "own.py").write_text(text)
    rows = ROWS.select(COLUMNS[kind]).drop("test")
    return ModuleModel(str(folder / "own.py"), None, rows, kind, [], {"words": 3}, 7)


def test_questions_are_answered_by_one_that_does_not_see_the_answers(tmp_path: Path) -> None:
    predictions = module_model(tmp_path, "qa").predict(ROWS.select(COLUMNS["qa"]))
    assert predictions.columns == ["test", "id", "gold", "predicted"]
    assert predictions["gold"].to_list() == [["y"], ["v"]]
    assert predictions["predicted"].to_list() == ["2 7", "2 7"]


def test_responses_and_texts_have_a_likelihood(tmp_path: Path) -> None:
    answers = module_model(tmp_path, "instruction").predict(ROWS.select(COLUMNS["instruction"]))
    assert answers["gold"].to_list() == ["R", "S"] and answers["tokens"].to_list() == [3, 3]
    texts = module_model(tmp_path, "text").predict(ROWS.select(COLUMNS["text"]))
    assert texts["predicted"].to_list() == ["", ""] and texts["nll"].sum() == 4


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("[]", r"own.py: fit_predict returned 0 answers; allowed: 2, .* nll \(float\)"),
        (
            "[{'nll': 1.0, 'tokens': 1}, {'nll': 1}]",
            r"returned \{'nll': 1\} in row 1; allowed: nll",
        ),
    ],
)
def test_a_wrong_answer_is_named(tmp_path: Path, returned: str, message: str) -> None:
    text = f"def fit_predict(rows, unseen, seed, words):\n    return {returned}\n"
    with pytest.raises(ValueError, match=message):
        module_model(tmp_path, "text", text).predict(ROWS.select(COLUMNS["text"]))
