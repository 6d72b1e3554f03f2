"""A shard is refused where its rows will not do, with the cause and three examples."""

import polars as pl
import pytest

from builders import shard_rows
from mixtura.generate.checks import check_leaks, check_shard, shared_opening
from mixtura.generate.settings import Sampling

WARM = Sampling()


def test_a_shard_that_hardly_parses_shows_examples() -> None:
    rows = shard_rows(["a a", *["b b b"] * 9], [None, *["unfinished"] * 9], "pn" * 5)
    with pytest.raises(
        ValueError, match=r"only 1 of 10 .*0\.2.*'unfinished': 9.*\n  'a a'\n  'b b b'"
    ):
        check_shard(rows, 0.2, WARM)


def test_a_label_that_is_never_produced_is_named() -> None:
    rows = shard_rows([f"t{i}" for i in range(16)], [None, "unfinished"] * 8, "pn" * 8)
    message = r"label 'n' was never produced: none of its 8 .*'unfinished': 8.*\n  't1'\n  't3'"
    with pytest.raises(ValueError, match=message):
        check_shard(rows, 0.2, WARM)
    check_shard(rows.with_columns(reason=pl.lit(None, pl.String)), 0.2, WARM)


@pytest.mark.parametrize(
    ("raw", "changes", "sampling", "cause"),
    [
        (["Hello, A", "Hello, B"], {}, WARM, "the completions differ, but not in what is left"),
        (["a", "a"], {}, Sampling(temperature=0), "temperature is 0; raise it"),
        (["a", "a"], {"finish_reason": "length"}, WARM, "cut off before .*max_new_tokens"),
        (["a", "a"], {}, WARM, "all prompts are the same"),
        (["a", "a"], {"prompt_text": ["p", "q"]}, WARM, "answers every prompt alike"),
    ],
)
def test_a_shard_that_repeats_itself_says_why(
    raw: list[str], changes: dict[str, object], sampling: Sampling, cause: str
) -> None:
    new = {
        "completion": raw,
        **{k: v if isinstance(v, list) else [v] * 2 for k, v in changes.items()},
    }
    rows = shard_rows(["a", "a"], [None, None], "pn")
    rows = rows.with_columns(pl.Series(name, values) for name, values in new.items())
    with pytest.raises(ValueError, match=rf"(?s)all 2 completions .*: .*{cause}.*\n  '{raw[0]}'"):
        check_shard(rows, 0.2, sampling)
    check_shard(rows.with_columns(text=pl.Series(["a", "b"])), 0.2, sampling)


def test_the_advice_is_that_of_the_commonest_reason() -> None:
    rows = shard_rows(["", ""], ["reasoning without an answer"] * 2, "pn")
    rows = rows.with_columns(reasoning=pl.lit("Okay, the user"), completion=pl.lit(None, pl.String))
    with pytest.raises(ValueError, match=r"while it was thinking(?s:.*)\n  'Okay, the user'"):
        check_shard(rows, 0.2, WARM)


def test_an_opening_that_many_rows_share_is_told() -> None:
    texts = [f"I recently bought this {i} and like it" for i in range(6)]
    texts += [f"{i} times I tried it out" for i in range(6)]
    rows = shard_rows(texts, [None] * 12, "pn" * 6)
    assert shared_opening(rows).startswith("6 of 12 texts begin with 'i recently bought this'")
    assert not shared_opening(rows.filter(pl.col("text").str.contains("times")))


@pytest.mark.parametrize("opening", ["Hello,", "Dear team,", "Subject:", "您好，", "Absolutely!"])
def test_a_greeting_that_nearly_all_share_is_told(opening: str) -> None:
    things = ["login", "card", "bill", "door", "key", "pump", "lamp", "cup", "hat", "pen"]
    texts = [f"{opening} {thing} is broken since {i}" for i, thing in enumerate(things)]
    rows = shard_rows(texts, [None] * 10, "p" * 10)
    assert shared_opening(rows).startswith(f"10 of 10 texts begin with '{opening}'")
    others = [text.removeprefix(opening) for text in texts[:5]] + texts[5:]
    assert not shared_opening(shard_rows(others, [None] * 10, "p" * 10))


def test_a_filter_that_would_leave_nothing_is_told_before_text_is_bought() -> None:
    texts = ["My login fails", "No login since Monday", "I paid twice", "The billing is odd"]
    rows = pl.DataFrame({"text": texts, "label": ["login", "login", "billing", "billing"]})
    key = "curation.full.filters.label_leak"
    with pytest.raises(ValueError, match=rf"{key} would remove 2 of 2 real examples of 'login': "):
        check_leaks(rows, {key: ["billing", "login"]})
    assert check_leaks(rows, {key: ["billing"]}) == [
        f"{key} would remove 1 of 2 real examples of 'billing'"
    ]
    assert check_leaks(rows, {key: ["refund"]}) == []
