"""From a level's setting to rows: dials, prompts, backends, shards."""

import itertools
import random
from dataclasses import replace

import polars as pl
import pytest

from mixtura.backends.base import Completion
from mixtura.dials import context, topic
from mixtura.dials.base import Given, PromptSpec
from mixtura.dials.topic import mine_topics, specify
from mixtura.generate import (
    batches,
    check_shard,
    complete_batch,
    counted,
    more_shards,
)
from mixtura.prices import generation_rows
from mixtura.prompting import example_fields, parse, parse_line, render
from mixtura.templates import template_text

EXAMPLES = [
    ("r1", "A brave story with lovely music", "positive"),
    ("r2", "The story is lovely", "positive"),
    ("r3", "Music that bores", "negative"),
    ("r4", "A dull story", "negative"),
]


def test_topics_are_ranked_by_texts_that_hold_them() -> None:
    texts = [text for _, text, _ in EXAMPLES]
    assert mine_topics(texts) == ["story", "lovely", "music", "bores", "brave", "dull"]


def specs(
    first: int, prompts: int, topics: int = 3, stream: tuple[object, ...] = (1,)
) -> list[PromptSpec]:
    given = Given(EXAMPLES, ["negative", "positive"], 2, stream)
    return specify({"topics": topics}, given, range(first, first + prompts))


def test_shards_of_a_level_join_to_the_same_prompts() -> None:
    whole = specs(0, 10)
    assert specs(0, 4) + specs(4, 6) == whole
    assert specs(0, 10, stream=(2,)) != whole


def test_prompts_ask_for_labels_in_turn_and_show_real_rows_of_that_label() -> None:
    made = specs(0, 40)
    label_of = {row: label for row, _, label in EXAMPLES}
    for place, spec in enumerate(made):
        assert spec.label == ["negative", "positive"][place % 2]
        assert {label_of[row] for row, _ in spec.examples} == {spec.label}
    assert {spec.fields["topic"] for spec in made} == {"story", "lovely", "music"}
    assert {spec.fields["topic"] for spec in specs(0, 9, topics=1)} == {"story"}


def test_the_built_in_template_shows_examples_and_ends_open() -> None:
    spec = PromptSpec(0, "positive", (("r1", "So good."),), {"topic": "music"})
    shown = render(template_text("classification"), spec, "review")
    assert shown == "Positive review: So good.\nPositive review about music:"


def test_an_unknown_field_of_a_template_is_named() -> None:
    spec = PromptSpec(0, "positive", (), {"topic": "music"})
    with pytest.raises(
        ValueError, match="'mood' is undefined; known fields: label, noun, examples, topic"
    ):
        render("{{ mood }}", spec, "review")


def test_a_template_cannot_reach_python() -> None:
    with pytest.raises(Exception, match="unsafe"):
        render("{{ label.__class__.__mro__ }}", PromptSpec(0, "x", ()), "review")


@pytest.mark.parametrize(
    ("completion", "finish", "row"),
    [
        (' "A fine film." ', "stop", ("A fine film.", "")),
        ("one\ntwo", "length", ("one", "")),
        ("cut off in the", "length", (None, "unfinished")),
        ("It is 4.5 long. Fine! And then", "length", ("It is 4.5 long. Fine!", "")),
        ("no stop at all", "stop", ("no stop at all", "")),
        (" \n ", "stop", (None, "empty")),
        ('""', "stop", (None, "empty")),
    ],
)
def test_only_a_finished_line_becomes_a_row(
    completion: str, finish: str, row: tuple[str | None, str]
) -> None:
    assert parse_line(completion, finish) == row


def test_batches_hold_every_prompt_once_and_like_lengths_together() -> None:
    rng = random.Random(0)
    prompts = ["x" * rng.randint(1, 99) for _ in range(50)]
    made = batches(prompts, 16)
    assert sorted(place for batch in made for place in batch) == list(range(50))
    ends = [(len(prompts[batch[0]]), len(prompts[batch[-1]])) for batch in made]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends))


def test_what_does_not_parse_keeps_its_raw_text_and_reason() -> None:
    done = [Completion("fine", "stop", 9, 2), Completion("cut", "length", 8, 5)]
    rows = complete_batch(specs(0, 2), ["p", "q"], [7, 8], lambda prompts, seeds: done, "here")
    assert rows["reason"].to_list() == [None, "unfinished"]
    assert rows["text"].to_list() == ["fine", "cut"]
    assert rows["seed"].to_list() == [7, 8] and rows["id"].n_unique() == 2


def test_a_backend_that_loses_a_completion_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="1 completions came back for 2 prompts"):
        complete_batch(
            specs(0, 2), ["p", "q"], [7, 8], lambda *_: [Completion("a", "stop", 1, 1)], "here"
        )


def shard(texts: list[str], reasons: list[str | None], labels: str | list[str]) -> pl.DataFrame:
    rows = {"text": texts, "reason": reasons, "label": list(labels)}
    counts = {"prompt_tokens": [5] * len(texts), "new_tokens": [3] * len(texts)}
    return pl.DataFrame(rows | counts, schema_overrides={"reason": pl.String})


def test_a_shard_that_hardly_parses_shows_examples() -> None:
    rows = shard(["a a", *["b b b"] * 9], [None, *["unfinished"] * 9], "pn" * 5)
    with pytest.raises(
        ValueError, match=r"only 1 of 10 .*0\.2.*'unfinished': 9.*\n  'a a'\n  'b b b'"
    ):
        check_shard(rows, 0.2)


def test_a_label_that_is_never_produced_is_named() -> None:
    rows = shard([f"t{i}" for i in range(16)], [None, "unfinished"] * 8, "pn" * 8)
    told = r"label 'n' was never produced: none of its 8 .*'unfinished': 8.*\n  't1'\n  't3'"
    with pytest.raises(ValueError, match=told):
        check_shard(rows, 0.2)
    check_shard(rows.with_columns(reason=pl.lit(None, pl.String)), 0.2)


def test_a_shard_that_repeats_itself_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"all 2 completions .* the same; .*\n  'a'"):
        check_shard(shard(["a", "a"], [None, None], "pn"), 0.2)
    check_shard(shard(["a", "b"], [None, None], "pn"), 0.2)


def test_the_rate_of_the_scarcest_label_says_how_many_shards_are_added() -> None:
    labels = ["neg", "pos"]
    assert more_shards({"neg": 8, "pos": 9}, labels, 16, 32, 16) == 0
    # 4 of 8 in 32 prompts: 4 more take 32 prompts and a tenth, in shards of 16
    assert more_shards({"neg": 9, "pos": 4}, labels, 16, 32, 16) == 3
    assert more_shards({"neg": 9}, labels, 16, 32, 16) == 3
    assert more_shards({"neg": 7, "pos": 8}, labels, 16, 32, 100) == 1


def test_what_generation_took_is_summed_up_by_set() -> None:
    took = {"load_seconds": 2, "generate_seconds": 18, "seconds": 36, "threads": 2, "gpus": 1}
    rows = shard(["a", "b", "c", "d"], [None, None, None, "empty"], "pnpn")
    one = {**took, **counted(rows)}
    other = {**one, "rejected": {"unfinished": 4}, "parsed": 0}
    idle = {"seconds": 36, "threads": 2, "gpus": 1, "shards": 0}
    sets = {("g", "topic", "D0"): [one, one, idle], ("h", "topic", "D6"): [other]}
    accepted = {("g", "topic", "D0"): 15, ("h", "topic", "D6"): 0}
    table = generation_rows(sets, accepted, {"g": [2.0, 10.0]})
    assert table.row(0, named=True) == {
        **{"generator": "g", "pipeline": "topic", "level": "D0", "prompts": 8, "parsed": 6},
        "derived": False,
        **{"rejected_empty": 2, "rejected_unfinished": 0, "accepted": 15},
        **{"prompt_tokens": 40, "new_tokens": 24, "tokens_per_accepted_row": 24 / 15},
        **{"tokens_per_second": 24 / 36, "load_share": 4 / 108, "gpu_hours": 0.03},
        **{"cpu_hours": 0.06, "cost": pytest.approx((40 * 2 + 24 * 10) / 1e6)},
    }
    assert table["rejected_unfinished"].to_list() == [0, 4]
    assert table["cost"][1] is None and table["tokens_per_accepted_row"][1] is None
    paid = generation_rows(sets, accepted, {"g": [2.0, 10.0]}, hours=(3.0, 0.5))["cost"]
    hours = 0.03 * 3 + 0.06 * 0.5
    assert paid[0] == pytest.approx((40 * 2 + 24 * 10) / 1e6 + hours) and paid[1] is not None
    assert generation_rows(sets, accepted, {"g": [0.0, 0.0]})["cost"].is_null().all()


def test_a_derived_set_costs_what_its_rows_do() -> None:
    took = {"load_seconds": 2, "generate_seconds": 18, "seconds": 36, "threads": 1, "gpus": 0}
    job = {
        **took,
        "prompts": 9,
        "parsed": 9,
        "rejected": {},
        "prompt_tokens": 400,
        "new_tokens": 90,
    }
    base, pool = ("g", "topic", "D6"), ("g", "words", "paraphrases")
    low, chosen = ("g", "words", "D0"), ("g", "chosen", "D0")
    table = generation_rows(
        {base: [job], pool: [job, job]},
        {base: 30, pool: 20, low: 30, chosen: 30},
        {"g": [1.0, 1.0]},
        {low: [(base, 20), (pool, 10)], chosen: [(base, None), (low, None)]},
    )
    costs = table.select("derived", "new_tokens", "accepted").rows()
    assert costs[:2] == [(False, 90, 30), (False, 180, 20)]
    assert costs[2:] == [(True, 20 * 90 / 30 + 10 * 180 / 20, 30), (True, 90 + 150, 30)]
    assert table["tokens_per_accepted_row"].to_list() == [3, 9, 5, 8]
    assert table["cost"][2] == pytest.approx((150 + 400 * 2 / 3 + 800 / 2) / 1e6)
    assert table["prompts"].to_list() == [9, 18, None, None]


PASSAGE = "The mill of Sellbeck makes paper. It was built in 1820."


@pytest.mark.parametrize(
    ("said", "finish", "found"),
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
def test_an_answer_must_stand_in_its_context(said: str, finish: str, found: object) -> None:
    fields, reason = parse("qa", said, finish, PASSAGE)
    if isinstance(found, str):
        assert fields is None and reason == found
    else:
        assert fields is not None and fields["context"] == PASSAGE
        assert (fields["question"], *fields["answers"]) == found
        assert fields["text"] == fields["question"]


@pytest.mark.parametrize(
    ("said", "finish", "found"),
    [
        ("Name a tree. Response: Oak.", "stop", ("Name a tree.", "Oak.")),
        ("List two. Response: One. Two. Thr", "length", ("List two.", "One. Two.")),
        ("Instruction: Go\nResponse: A\nB", "stop", ("Go", "A\nB")),
        ("Name a tree.", "stop", "no Response:"),
        ("Name a tree. Response: ", "stop", "empty"),
        ("Name a tree. Response: Oak and", "length", "unfinished"),
    ],
)
def test_a_response_follows_its_prompt(said: str, finish: str, found: object) -> None:
    fields, reason = parse("instruction", said, finish)
    if isinstance(found, str):
        assert fields is None and reason == found
    else:
        assert fields is not None and (fields["prompt"], fields["response"]) == found
        assert fields["text"] == "\n".join(found)


def test_plain_text_may_have_several_lines() -> None:
    assert parse("text", "One.\nTwo. Thr", "length") == ({"text": "One.\nTwo."}, "")


def questions() -> pl.DataFrame:
    rows = [
        {"id": f"q{i}", "text": f"What is {i}?", "label": "qa", "context": f"Here is {i % 3}."}
        | {"question": f"What is {i}?", "answers": [str(i % 3), "it"]}
        for i in range(9)
    ]
    return pl.DataFrame(rows)


def test_every_prompt_asks_about_one_real_passage() -> None:
    rows = questions()
    contexts = list(dict.fromkeys(rows["context"]))
    given = Given(rows["id", "text", "label"].rows(), ["qa"], 2, (1,), None, contexts)
    for level in (1, 2, 3):
        made = context.specify({"contexts": level}, given, range(40))
        assert {spec.context for spec in made} == set(contexts[:level])
    with pytest.raises(ValueError, match="4 passages are wanted, but the examples hold 3"):
        context.specify({"contexts": 4}, given, range(2))
    prompt = render(template_text("qa"), made[0], "question", example_fields("qa", rows))
    lines = prompt.splitlines()
    assert len(lines) == 2 * 2 + 2 and lines[-1] == "Question:"
    assert lines[-2] == f"Passage: {made[0].context}"
    shown = rows.filter(id=made[0].examples[0][0]).row(0, named=True)
    assert lines[:2] == [
        f"Passage: {shown['context']}",
        f"Question: {shown['question']} Answer: {shown['answers'][0]}",
    ]
    topical = topic.specify({"topics": 1}, replace(given, lines=["Rome"]), range(1))[0]
    asked = render(template_text("qa"), topical, "question", example_fields("qa", rows))
    assert asked.endswith("Question about Rome:") and topical.context in contexts


def test_rows_of_a_kind_have_its_columns() -> None:
    rows = questions()
    given = Given(rows["id", "text", "label"].rows(), ["qa"], 1, (1,), None, ["Here is 1."])
    specs = context.specify({"contexts": 1}, given, range(2))
    told = [Completion(" What? Answer: 1", "stop", 9, 3), Completion(" What?", "stop", 9, 3)]
    made = complete_batch(specs, ["p", "p"], [1, 2], lambda texts, seeds: told, "o", kind="qa")
    assert made["reason"].to_list() == [None, "no Answer:"]
    assert made["text"].to_list() == ["What?", " What?"]  # a rejected one stays as it came
    assert made.row(0, named=True)["answers"] == ["1"] and made["answers"][1] is None
    assert made.select(rows.columns).schema == rows.schema


def test_templates_of_pairs_show_examples_in_the_form_they_ask_for() -> None:
    row = {"id": "a", "prompt": "Add\n1 and 2.", "response": "3", "text": "t"}
    spec = PromptSpec(0, "instruction", (("a", "t"),))
    prompt = render(template_text("instruction"), spec, "task", {"a": row})
    assert prompt == "Instruction: Add 1 and 2. Response: 3\nInstruction:"
    plain = render(template_text("text"), spec, "story", {"a": {"text": "It was\nnight."}})
    assert plain == "Story: It was night.\nStory:"


def test_a_chat_is_asked_for_what_is_parsed() -> None:
    """Each kind's template for a chat shows its examples in the form that it asks for."""
    pair = {"prompt": "Add.", "response": "3"}
    answers = {"answers": ["Rome"], "context": "It is in\nRome.", "question": "Where?"}
    for kind, example, form in (
        ("classification", "Dull.", "- {}"),
        ("qa", answers, "Question: {question} Answer: {answers[0]}"),
        ("instruction", pair, "Instruction: {prompt} Response: {response}"),
        ("text", {"text": "It was night."}, "{text}"),
    ):
        spec = PromptSpec(0, "good", (("a", "t"),), {"topic": "trains"}, context="It is in\nRome.")
        asked = render(template_text(f"{kind}-chat"), spec, "story", {"a": example})
        assert "story" in asked and "trains" in asked and asked[-1] != "\n"
        shown = form.format(*[example], **example if isinstance(example, dict) else {})
        assert shown in asked.splitlines()
        said = shown.removeprefix("- ")
        assert parse(kind, said, "stop", spec.context)[0], kind
    told = PromptSpec(0, "good", (), {"source": "A bad\nday."})
    assert render(template_text("paraphrase-chat"), told, "story").endswith("\n\nA bad day.")
