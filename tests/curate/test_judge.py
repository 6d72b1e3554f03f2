"""A language model labels texts: what it is shown, what its answer means."""

import polars as pl
import pytest

from mixtura.curate.judge import LABEL_TOKENS, judge_labels, label_prompt, parse_label, shown_rows
from mixtura.curate.settings import JudgeSettings
from mixtura.generate.backends.base import Backend, Completion
from mixtura.generate.settings import LanguageModel


def test_a_judge_of_labels_is_shown_real_rows_of_every_label() -> None:
    real = pl.DataFrame(
        {
            "id": list("gfedcba"),
            "text": [f"text {i}" for i in range(7)],
            "label": ["good", "bad", "good", "bad", "bad", "good", "bad"],
        }
    )
    shown = shown_rows(real)
    assert shown["id"].to_list() == ["a", "b", "c", "e"]
    assert shown["label"].to_list() == ["bad", "good", "bad", "good"]
    assert shown_rows(real[::-1]).equals(shown)
    assert label_prompt("one  more\ntext", shown[:1], ["bad", "good"], "review") == (
        "Each review is bad or good.\n\nReview: text 6\nLabel: bad\n\nReview: one more text\nLabel:"
    )


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        (" good", "good"),
        ("**Good**, because", "good"),
        ("not good", ""),
        ("goodish plus", "goodish"),
        ("", ""),
        ("[good]", "good"),
        ("“good”", "good"),
        ("<answer>good</answer>", "good"),
        ("Label: good", "good"),
        ("The label is **good**.", "good"),
        ("The sentiment of this review: bad", "bad"),
        ("badly made", ""),
        ("I cannot say", ""),
    ],
)
def test_a_judge_answers_with_a_label_or_not_at_all(answer: str, label: str) -> None:
    assert parse_label(answer, ["bad", "good", "goodish"]) == label


def test_labels_are_words_of_any_script_and_may_begin_with_a_sign() -> None:
    assert parse_label("not sure", ["no", "yes"]) == ""
    assert parse_label("正面的", ["正面", "负面"]) == "正面"
    assert parse_label("-1", ["-1", "1"]) == "-1" and parse_label("1", ["-1", "1"]) == "1"
    assert parse_label("10", ["1", "10"]) == "10" and parse_label("10", ["1", "2"]) == ""
    assert parse_label("5 stars.", ["4 stars", "5 stars"]) == "5 stars"


def test_a_judge_names_a_label_of_each_row_or_none() -> None:
    class Judge(Backend):
        def complete(self, prompts, sampling, seeds):
            assert (sampling.temperature, sampling.max_new_tokens) == (0.0, LABEL_TOKENS)
            assert len(prompts) == len(set(seeds)) == 2
            texts = [prompt.split("Review: ")[-1] for prompt in prompts]
            return [Completion(text.split()[0], "stop", 1, 1) for text in texts]

    settings = JudgeSettings(
        generator=LanguageModel(model="m"), labels=["bad", "good"], noun="review", seed=1
    )
    shown = pl.DataFrame({"text": ["a", "b"], "label": ["bad", "good"]})
    rows = pl.DataFrame({"id": ["x", "y"], "text": ["Good film", "dull film"]})
    judged = judge_labels(rows, shown, settings, Judge())
    assert judged.rows() == [("x", "good"), ("y", "")]
