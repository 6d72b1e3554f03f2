"""What a reader should know before the numbers."""

from mixtura.tell.caveats import caveats

ABOUT = {"diversity": {"parts": {}}, "generation": {"parts": {}}}


def test_nothing_is_said_of_plain_data_and_one_version() -> None:
    few = {"short": {"training": 0.0, "test": 0.01}}
    tables = {**ABOUT, "predictions": {"parts": {"torch": ["2.13.0"]}, "cut": few}}
    assert caveats({"reviews": {"contradicting": 0}, "other": {}}, tables) == []


def test_contradictions_cuts_and_mixed_versions_have_a_paragraph_each() -> None:
    data = {
        "reviews": {"contradicting": 100, "contradictions": "leave-out"},
        "other": {"contradicting": 2, "contradictions": "keep"},
    }
    versions = {"torch": ["2.12.0", "2.13.0"], "peft": ["0.21"]}
    cuts = {"short": {"training": 0.2, "test": 0.3}}
    tables = {**ABOUT, "predictions": {"parts": versions, "cut": cuts}}
    left, rest, cut, mixed = caveats(data, tables)
    assert left.startswith("100 rows of reviews have a text that also has another label; all are")
    assert "2 rows of other" in rest and "they stay" in rest
    assert "20.0 % of the training texts and 30.0 % of the test texts" in cut
    assert "`downstream.short.max_length`" in cut
    assert "The runs of this study" in mixed and "torch 2.12.0 and 2.13.0:" in mixed
    assert "peft" not in mixed


def test_a_judge_of_answers_is_told_with_what_it_is_worth() -> None:
    judge = {"judge": "large", "area": [0.9, 0.853, 0.94], "checked": 200, "answers": 4000}

    def paragraph(unanswered: int) -> str:
        about = {"parts": {}, "cut": {}, "judge": {**judge, "unanswered": unanswered}}
        (only,) = caveats({}, {**ABOUT, "predictions": about})
        return only

    assert "generator large" in paragraph(0) and "0.90 [0.85, 0.94]" in paragraph(0)
    assert "200 test rows" in paragraph(0) and "no score" not in paragraph(0)
    assert "12 of 4,000 answers get no score" in paragraph(12)
