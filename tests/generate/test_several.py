"""One answer with several texts: rows of their own, and the tokens of the answer together."""

import polars as pl

from mixtura.generate.backends.base import Completion
from mixtura.generate.batches import complete_batch
from mixtura.generate.dials.base import Material, Prompt
from mixtura.generate.dials.several import SeveralLevel, specify
from mixtura.generate.prompting import render
from mixtura.generate.several import MISSING
from mixtura.generate.templates import template_text

MATERIAL = Material([("r1", "Fine.", "good"), ("r2", "Bad.", "bad")], ["bad", "good"], 1, (1,))


def rows_of(text: str, finish: str = "stop", texts: int = 3, fault: str = "") -> pl.DataFrame:
    prompts = [Prompt(6, "good", (), texts=texts)]
    done = Completion(text, finish, 10, 20, reasoning="Hm.", reasoning_tokens=4, fault=fault)
    return complete_batch(prompts, ["p"], [7], lambda *_: [done], "here", names=["film"])


def test_each_text_is_a_row_with_its_probability() -> None:
    rows = rows_of(
        '<text probability="0.05">One.\\nTwo.</text>\\n<text probability="7%">"Three."</text>'
        "<text>I can't help with that.</text><text>Four too many.</text>".replace("\\n", "\n")
    )
    assert rows["text"].to_list()[:2] == ["One.\nTwo.", "Three."]
    assert rows["reason"].to_list() == [None, None, "refusal"]
    assert rows["fields"].to_list() == ['{"probability":0.05}', '{"probability":0.07}', "{}"]
    assert rows["index"].to_list() == [6, 7, 8] and rows["id"].n_unique() == 3
    sums = [rows[name].sum() for name in ("prompt_tokens", "new_tokens", "reasoning_tokens")]
    assert sums == [10, 20, 4] and rows["reasoning"].to_list() == ["Hm.", None, None]


def test_a_probability_may_be_written_in_other_ways() -> None:
    rows = rows_of(
        '<text id="1" probability="0,3">One.</text><text prob=.2>Two.</text>'
        "<text>Three.</text>\n<probability>30 %</probability>"
    )
    assert rows["text"].to_list() == ["One.", "Two.", "Three."]
    fields = [f'{{"probability":{number}}}' for number in (0.3, 0.2, 0.3)]
    assert rows["fields"].to_list() == fields


def test_what_an_answer_lacks_is_rejected() -> None:
    rows = rows_of("<text>One.</text><text>Two. And th", "length")
    assert rows["text"].to_list()[:2] == ["One.", "Two."]
    assert rows["reason"].to_list() == [None, None, MISSING]
    assert rows_of("One. Two. Three.")["reason"].to_list() == [MISSING] * 3
    assert rows_of("", fault="content filter")["reason"].to_list() == ["content filter"] * 3
    assert rows_of("One.", texts=1)["text"].to_list() == ["One."]


def test_prompts_share_the_places_of_a_level_in_whatever_shards() -> None:
    level = SeveralLevel(texts=3, below=0.1)
    whole = specify(level, MATERIAL, range(12))
    assert [prompt.index for prompt in whole] == [0, 3, 6, 9]
    assert [prompt.label for prompt in whole] == ["bad", "good"] * 2
    assert specify(level, MATERIAL, range(5)) + specify(level, MATERIAL, range(5, 12)) == whole
    text = render(template_text("classification-chat"), whole[0], "film")
    assert text.startswith("Write 3 new bad films, each as different")
    assert "must be below 0.1" in text and "Answer with" not in text
    single = render(template_text("classification-chat"), Prompt(0, "bad", ()), "film")
    assert single.split() == [
        "Write",
        "one",
        "new",
        "bad",
        "film.",
        "Answer",
        "with",
        "its",
        "text",
        "alone.",
    ]
