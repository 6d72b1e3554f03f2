"""What a completion must look like to become a row."""

import pytest

from mixtura.generate.parsing import parse, whole_text
from mixtura.prepare.settings import UNANSWERABLE, Kind


@pytest.mark.parametrize(
    ("completion", "finish", "row"),
    [
        (' "A fine film." ', "stop", ("A fine film.", "")),
        ("Subject: Charged twice\n\nHello,\nI paid.", "stop", None),
        ("one\ntwo", "length", (None, "unfinished")),
        ("cut off in the", "length", (None, "unfinished")),
        ("It is 4.5 long. Fine! And then", "length", ("It is 4.5 long. Fine!", "")),
        ('He said "no." And th', "length", ('He said "no."', "")),
        ("no stop at all", "stop", ("no stop at all", "")),
        ("a server's own word", "eos_token", ("a server's own word", "")),
        (" \n ", "stop", (None, "empty")),
        ('""', "stop", (None, "empty")),
        ("他来了。他看见了。他征", "length", ("他来了。他看见了。", "")),
        ("وصل؟ نعم. ثم ذ", "length", ("وصل؟ نعم.", "")),
        ("वह आया। वह देख", "length", ("वह आया।", "")),
        ("「来た。」と言", "length", ("「来た。」", "")),
        ("好看……然后他", "length", ("好看……", "")),
        ("Τι θέλεις; Δεν ξ", "length", ("Τι θέλεις;", "")),
        ("First; then th", "length", (None, "unfinished")),
    ],
)
def test_only_a_finished_text_becomes_a_row(
    completion: str, finish: str, row: tuple[str | None, str] | None
) -> None:
    """All of its lines, or the whole sentences of what was cut off, in every script."""
    assert whole_text(completion, finish) == (row or (completion, ""))


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("Who owns it? Answer: none", []),
        ("Wem gehört sie? Antwort: Keine.", []),
        ("它属于谁？回答：无", []),
        ("السؤال: لمن هي؟ الجواب: لا يوجد.", []),
        ("When was it built? Answer: 1820", "the question has an answer"),
    ],
)
def test_a_question_without_an_answer_says_so(completion: str, expected: object) -> None:
    fields, reason = parse("qa", completion, "stop", PASSAGE, UNANSWERABLE)
    assert reason == expected if fields is None else fields["answers"] == expected


def test_none_is_no_answer_where_there_is_one() -> None:
    assert parse("qa", "When? Answer: none", "stop", PASSAGE, "answerable")[0] is None


PASSAGE = "The mill of Sellbeck makes paper. It was built in 1820."


@pytest.mark.parametrize(
    ("completion", "finish", "expected"),
    [
        ("When was it built? Answer: 1820", "stop", ("When was it built?", "1820")),
        ('Question: What is made?\nAnswer: "paper"\nNote', "length", ("What is made?", "paper")),
        ("What is made? Answer: cheese", "stop", "the answer is not in the context"),
        ("When was it built? Answer: in 18", "length", "unfinished"),
        ("When was it built?", "stop", "no Answer:"),
        ("Answer: 1820", "stop", "empty"),
        ("When? Answer: .", "stop", "the answer is not in the context"),
        ("A tale\nof two lines Answer: 1820", "stop", "the question is more than one line"),
    ],
)
def test_an_answer_must_stand_in_its_context(
    completion: str, finish: str, expected: object
) -> None:
    fields, reason = parse("qa", completion, finish, PASSAGE)
    if isinstance(expected, str):
        assert fields is None and reason == expected
    else:
        assert fields is not None and fields["context"] == PASSAGE
        assert (fields["question"], *fields["answers"]) == expected
        assert fields["text"] == fields["question"]


@pytest.mark.parametrize(
    ("completion", "finish", "expected"),
    [
        ("Name a tree. Response: Oak.", "stop", ("Name a tree.", "Oak.")),
        ("List two. Response: One. Two. Thr", "length", ("List two.", "One. Two.")),
        ("Instruction: Go\nResponse: A\nB", "stop", ("Go", "A\nB")),
        ("Name a tree.", "stop", "no Response:"),
        ("Name a tree. Response: ", "stop", "empty"),
        ("Name a tree. Response: Oak and", "length", "unfinished"),
    ],
)
def test_a_response_follows_its_prompt(completion: str, finish: str, expected: object) -> None:
    fields, reason = parse("instruction", completion, finish)
    if isinstance(expected, str):
        assert fields is None and reason == expected
    else:
        assert fields is not None and (fields["prompt"], fields["response"]) == expected
        assert fields["text"] == "\n".join(expected)


@pytest.mark.parametrize("kind", ["text", "classification"])
def test_a_text_may_have_several_lines(kind: Kind) -> None:
    assert parse(kind, "One.\nTwo. Thr", "length") == ({"text": "One.\nTwo."}, "")
