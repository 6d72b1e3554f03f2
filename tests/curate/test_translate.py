"""Real rows in another language and back."""

from pathlib import Path

import polars as pl
import pytest

from builders import build_translator
from mixtura.core.tables import write_table
from mixtura.curate.alternatives import as_set
from mixtura.curate.settings import TranslateSettings
from mixtura.curate.tables import Answers, Curated
from mixtura.curate.translate import back_translations, translated_rows, translation_prompt
from mixtura.generate.backends.base import Backend, Completion
from mixtura.generate.backends.seq2seq import Seq2seqBackend
from mixtura.generate.settings import LanguageModel, Sampling

REAL = pl.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "text": ["A fine film.", "It is dull.", "It is lost.", "It stays."],
        "label": ["good", "bad", "bad", "good"],
    }
)


class Translator(Backend):
    """Says texts in capitals, and on the way back with a number of its seed; some go wrong."""

    def __init__(self, choices: int) -> None:
        self.prompts: list[str] = []
        self.choices = choices

    def complete(self, prompts, sampling, seeds):
        self.prompts += prompts
        return [self.answer(*each) for each in zip(prompts, seeds, strict=True)]

    def answer(self, prompt: str, seed: int) -> Completion:
        text = prompt.rsplit("\n\n", 1)[-1]
        if "into German" in prompt:
            fault = "content filter" if "lost" in text else ""
            return Completion("" if fault else text.upper(), "stop", 5, 3, fault=fault)
        if "STAYS" in text:
            return Completion("It stays!", "stop", 4, 2)
        words = f"Sure! Here is the translation:\n\n{text.lower()} {seed % self.choices}"
        return Completion(words, "stop", 4, 2, cached_tokens=1)


def settings(n: int) -> TranslateSettings:
    model = LanguageModel(model="m", batch_size=3, format="chat")
    return TranslateSettings(generator=model, pivot="German", language="English", n=n, seed=1)


def test_texts_come_back_once_and_all_tokens_count(tmp_path: Path) -> None:
    model = Translator(10**6)
    answers = back_translations(REAL, settings(4), [model], tmp_path, lambda _: None)
    write_table(answers, tmp_path / "answers.parquet", Answers)
    reasons = answers.group_by("id", "reason").len().drop_nulls().sort("id")
    assert reasons["id"].to_list() == ["c", "d"]
    assert reasons["reason"].to_list() == ["content filter", "unchanged"]
    lost = answers.filter(id="c").row(0, named=True)
    assert (lost["prompt_tokens"], lost["new_tokens"]) == (5, 3)  # what failed is not sent back
    whole = answers.filter(id="a").row(0, named=True)
    assert (whole["prompt_tokens"], whole["new_tokens"], whole["cached_tokens"]) == (9, 5, 1)
    assert len(model.prompts) == 2 * answers.height - answers.filter(id="c").height
    rows = translated_rows(answers, REAL, 4)
    assert rows["label"].to_list() == ["good", "bad", "good", "bad"]
    assert rows["source_id"].to_list() == ["a", "b", "a", "b"]
    assert rows["text"].str.contains(r"^(a fine film|it is dull)\. \d+$").all()
    write_table(as_set(rows, "back-translation/m/r0-4"), tmp_path / "set.parquet", Curated)
    again = back_translations(REAL, settings(4), [Translator(1)], tmp_path, lambda _: None)
    assert again.equals(answers)  # what is finished is not bought again


def test_a_model_that_repeats_itself_gives_too_few_texts(tmp_path: Path) -> None:
    words = r"back-translation\.n: 4 .* 12 translations gave 2 new texts .3 content filter, 3 unch"
    with pytest.raises(ValueError, match=words):
        back_translations(REAL, settings(4), [Translator(1)], tmp_path, lambda _: None)


class Cut(Backend):
    """Has no room for the second half of its answers."""

    def complete(self, prompts, sampling, seeds):
        return [Completion(f"half {seed % 97}", "length", 5, 3) for seed in seeds]


def test_a_translation_that_is_cut_off_is_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"gave 0 new texts .12 unfinished.*max_new_tokens"):
        back_translations(REAL, settings(4), [Cut()], tmp_path, lambda _: None)


@pytest.mark.workflow
def test_a_pair_of_models_translates_there_and_back(tmp_path: Path) -> None:
    """Each gets the text alone, in a sampling of its own, and their tokens count together."""
    sampling = Sampling(max_new_tokens=60, top_k=5)
    there = LanguageModel(model="there", backend="seq2seq", batch_size=3, sampling=sampling)
    back = there.model_copy(update={"model": "back", "sampling": Sampling(max_new_tokens=50)})
    pair = TranslateSettings(generator=there, back=back, n=6, seed=1)
    engines = [
        Seq2seqBackend(str(build_translator(tmp_path / name, seed)))
        for seed, name in enumerate(("there", "back"))
    ]
    asked: list[tuple[int, list[str], Sampling, list[str]]] = []
    for place, engine in enumerate(engines):

        def complete(prompts, sampling, seeds, place=place, own=engine.complete):
            done = own(prompts, sampling, seeds)
            asked.append((place, prompts, sampling, [each.text for each in done]))
            return done

        engine.complete = complete
    answers = back_translations(REAL, pair, engines, tmp_path / "parts", lambda _: None)
    assert translated_rows(answers, REAL, 6)["text"].n_unique() == 6
    assert asked[0][1] == REAL["text"].to_list()[:3] and asked[0][2] == sampling
    assert [place for place, *_ in asked[:2]] == [0, 1] and asked[1][2] == back.sampling
    assert set(asked[1][1]) <= set(asked[0][3])  # what came there goes back
    assert set(answers["reason"].drop_nulls()) <= {"unfinished", "empty", "unchanged"}
    assert (answers["prompt_tokens"] > 0).all() and (answers["new_tokens"] > 0).all()


def test_a_completion_goes_on_with_the_text_in_one_line() -> None:
    prompt = translation_prompt("Two\nlines.", "French", LanguageModel(model="m"))
    assert prompt == "Text: Two lines.\nThe same text in French:"
