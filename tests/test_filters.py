import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mixtura.filters import FILTERS, apply_filters
from mixtura.text import RECEIPT


def verdicts(name, texts, columns=None, **settings):
    frame = pl.DataFrame(
        {"id": [f"r{i}" for i in range(len(texts))], "text": texts, **(columns or {})},
        schema_overrides={"id": pl.String, "text": pl.String},
    )
    result = FILTERS[name](frame, **settings)
    assert result.schema == {"passes": pl.Boolean, "score": pl.Float64, "reason": pl.String}
    assert len(result) == len(texts)
    assert (result["passes"] == result["reason"].is_null()).all()
    return result


def passes(name, texts, columns=None, **settings):
    return verdicts(name, texts, columns, **settings)["passes"].to_list()


NEEDED = {
    "echo": {"prompt_text": pl.Series([], dtype=pl.String)},
    "label_leak": {"label": pl.Series([], dtype=pl.String)},
    "unfinished": {"finish_reason": pl.Series([], dtype=pl.String)},
    "perplexity": {"mean_logprob": pl.Series([], dtype=pl.Float64)},
}


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"label_consistency"}))
def test_no_rows_give_no_verdicts(name):
    verdicts(name, [], NEEDED.get(name))


def test_length():
    texts = ["Good.", "a good film", "a b c d e f", "好电影啊"]
    result = verdicts("length", texts, min_words=3, max_words=5)
    assert result["passes"].to_list() == [False, True, False, True]
    assert result["score"].to_list() == [1, 3, 6, 4]
    assert result["reason"].to_list()[::2] == ["fewer than 3 words", "more than 5 words"]
    assert passes("length", ["ab", "abc", "abcd"], min_chars=3, max_chars=3) == [False, True, False]


def test_repetition():
    loop = "I love this film. I love this film. I love this film."
    result = verdicts(
        "repetition", [loop, "very very very good", "good good good good", "sooooooooo"]
    )
    assert result["passes"].to_list() == [False, True, False, False]
    # 10 trigrams of which 4 are distinct
    assert result["score"][0] == pytest.approx(0.6)
    assert passes("repetition", ["a b", "b b", "b b c"], max_run=3) == [True, True, True]
    assert passes("repetition", ["a a", "b c c d"], max_run=1) == [False, False]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_repetition_of_few_words(n):
    assert passes("repetition", ["x", "x", "x", "x"][:n]) == [True] * n


def test_language():
    texts = [
        "The director never finds the tone that this story needs.",
        "Der Film ist leider viel zu lang und die Handlung ohne jede Spannung.",
        "这部电影非常好看，演员的表演很出色。",
        "Bof.",
    ]
    assert passes("language", texts) == [True, False, False, True]
    assert passes("language", texts, languages=["de", "zh"], min_words=1)[1:3] == [True, True]
    with pytest.raises(ValueError, match="'xx'"):
        verdicts("language", texts, languages="xx")


def test_echo():
    shown = "Write a short review of a film about two brothers who rob a bank"
    example = "a moving and often very funny portrait of a family"
    texts = [
        "A moving and often very funny portrait of a family!",
        "a review of two funny brothers and their family bank",
        "two brothers",
        "quite dull",
    ]
    result = verdicts("echo", texts, {"prompt_text": [f"{shown}:\n- {example}\n-"] * 4})
    assert result["passes"].to_list() == [False, True, False, True]
    assert result["score"].to_list() == [1, 0, 1, 0]
    assert passes("echo", texts, {"prompt_text": [shown, None, None, "so quite dull"]}) == [
        *(True, True, True, False)
    ]
    with pytest.raises(ValueError, match="echo needs a column"):
        verdicts("echo", texts)


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I have no opinions.",
        "I’m sorry, but I cannot write that review.",
        "I can't help with that request.",
        "Sure! Here is a review of the film",
        "Here are three more reviews: one",
        "Great film. I hope this helps!",
        "Output: a dull film",
        "A fine film.<|im_end|>",
        "I loved [insert product here] a lot",
    ],
)
def test_assistant_phrases_are_found(text):
    assert passes("refusal", [text]) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "Here is a film that makes you think.",
        "I'm sorry I paid for this.",
        "I can't write enough good things about this camera!",
        "Of course, I was hesitant given the price.",
        "The robot, an AI, is the best actor.",
        "Note perfect.",
    ],
)
def test_reviews_are_no_assistant_phrases(text):
    assert passes("refusal", [text]) == [True]


def test_own_patterns_count_as_boilerplate():
    result = verdicts("refusal", ["the END of it"], patterns=[r"\bend\b"])
    assert result["reason"].to_list() == ["assistant boilerplate"]


def test_label_leak():
    texts = ["A Positive review.", "so negative!", "positively good", "fine"]
    columns = {"label": ["positive", "positive", "negative", None]}
    assert passes("label_leak", texts, columns) == [False, False, True, True]
    assert passes("label_leak", texts, words=["so negative"]) == [True, False, True, True]
    with pytest.raises(ValueError, match="'words'"):
        verdicts("label_leak", texts, {"label": [1, 0, 1, 0]})
    with pytest.raises(ValueError, match="'label' is missing"):
        verdicts("label_leak", texts)


def test_unfinished():
    texts = ["A film that", "A film, ", "A film :(", "A film!", 'He said "no."', "A film 😀"]
    reasons = ["length", None, "stop", "stop", "stop", "stop"]
    columns = {"finish_reason": reasons}
    assert passes("unfinished", texts, columns) == [False, False, True, True, True, True]
    assert passes("unfinished", texts, finish_reason=False)[:2] == [True, False]
    assert passes("unfinished", texts, finish_reason=False, end=True) == [
        *(False, False, False, True, True, True)
    ]
    with pytest.raises(ValueError, match="'finish_reason' is missing"):
        verdicts("unfinished", texts)


def test_perplexity():
    values = [-3.0, -3.1, -2.9, -3.05, -2.95, -9.0, -0.1, None, float("nan")]
    result = verdicts("perplexity", ["x"] * 9, {"mean_logprob": values})
    assert result["passes"].to_list() == [True] * 5 + [False] * 4
    assert result["reason"].to_list()[5:] == [
        "less likely than usual",
        "more likely than usual",
        "no log-probability",
        "no log-probability",
    ]
    # the median is -3, the median absolute deviation 0.1
    assert result["score"][5] == pytest.approx(-6 / (1.4826 * 0.1))
    assert passes("perplexity", ["x"] * 3, {"mean_logprob": [-1.0, -1.0, -5.0]}) == [True] * 3
    with pytest.raises(ValueError, match="'mean_logprob' is missing"):
        verdicts("perplexity", ["x"])
    with pytest.raises(ValueError, match="'mean_logprob' is empty: the backend"):
        verdicts(
            "perplexity", ["x"] * 2, {"mean_logprob": pl.Series([None, None], dtype=pl.Float64)}
        )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("write to jane.doe@example.co.uk today", "e-mail address"),
        ("call (212) 566-8082 now", "phone number"),
        ("call +49 30 1234 5678 now", "phone number"),
        ("from 192.168.0.1 it came", "IP address"),
        ("paid with 4111 1111 1111 1111", "card number"),
        ("number 078-05-1120 it is", "social security number"),
        ("to DE89 3704 0044 0532 0130 00 please", "bank account"),
        ("paid with 4111 1111 1111 1112", None),
        ("from 1999 to 2004, 10 of 10, version 1.2.3", None),
        ("@anonymous costs $1,299.99", None),
    ],
)
def test_pii(text, reason):
    result = verdicts("pii", [text])
    assert result["reason"].to_list() == [reason]
    assert (result["score"][0] > 0) == (reason is not None)


def test_pii_kinds():
    assert passes("pii", ["jane@example.org"], kinds=["card number"]) == [True]
    with pytest.raises(ValueError, match="'name'"):
        verdicts("pii", ["x"], kinds=["name"])


def labelled(n, seed, prefix):
    """Two labels whose embeddings differ in the first of eight dimensions."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    vectors = rng.normal(size=(n, 8))
    vectors[:, 0] += 10 * labels
    return (
        pl.DataFrame(
            {
                "id": [f"{prefix}{i}" for i in range(n)],
                "text": [f"text {i}" for i in range(n)],
                "label": [str(x) for x in labels],
            }
        ),
        vectors,
    )


def test_label_consistency_finds_swapped_labels():
    real, real_vectors = labelled(40, 0, "real")
    made, vectors = labelled(60, 1, "made")
    swapped = made.with_columns(
        label=pl.when(pl.int_range(60) < 10)
        .then(1 - pl.col("label").cast(int))
        .otherwise("label")
        .cast(pl.String)
    )
    given = {"real": real, "real_embeddings": real_vectors, "embeddings": vectors}
    result = FILTERS["label_consistency"](swapped, **given)
    assert result["passes"].to_list() == [False] * 10 + [True] * 50
    order = np.random.default_rng(2).permutation(60)
    again = FILTERS["label_consistency"](
        swapped[order.tolist()],
        real=real[::-1],
        real_embeddings=real_vectors[::-1],
        embeddings=vectors[order],
    )
    assert_frame_equal(again, result[order.tolist()])
    # through apply_filters, after another filter has removed rows
    kept, removed = apply_filters(
        swapped.with_columns(pl.col("text").replace("text 20", "a@b.org")),
        {"pii": True, "label_consistency": {"min_probability": 0.3}},
        **given,
    )
    assert set(removed.filter(stage="label_consistency")["id"]) == {f"made{i}" for i in range(10)}
    assert len(kept) == 49


def test_label_consistency_refuses_to_guess():
    real, vectors = labelled(40, 0, "real")
    noise = np.random.default_rng(5).normal(size=(40, 8))
    run = FILTERS["label_consistency"]
    for given, message in [
        ({}, "needs real"),
        ({"real": real, "embeddings": vectors, "real_embeddings": vectors[:3]}, "length"),
        ({"real": real, "embeddings": vectors, "real_embeddings": noise}, "no better"),
        (
            {"real": real[::2], "embeddings": vectors, "real_embeddings": vectors[::2]},
            "two labels",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            run(real, **given)
    with pytest.raises(ValueError, match="no real row"):
        run(
            real.with_columns(label=pl.lit("other")),
            real=real,
            embeddings=vectors,
            real_embeddings=vectors,
        )


def test_label_consistency_by_a_judge():
    real, _ = labelled(8, 0, "real")
    real = real.with_columns(judged=pl.Series([None, None, "0", "1", "0", "1", "0", "0"]))
    made = pl.DataFrame(
        {"id": list("abc"), "text": ["x"] * 3, "label": ["0"] * 3, "judged": ["0", "1", ""]}
    )
    settings = {"label_consistency": {"judge": "writer"}}
    kept, removed = apply_filters(made, settings, real=real)
    assert kept["id"].to_list() == ["a", "c"]
    assert removed["reason"].to_list() == ["judged to be of another label"]
    # 3 of 6 right: a coin does as well
    guessing = real.with_columns(judged=pl.Series([None, None, "0", "0", "0", "0", "0", ""]))
    with pytest.raises(ValueError, match="judge 'writer' names the label of 3 of 6 real rows"):
        apply_filters(made, settings, real=guessing)
    with pytest.raises(ValueError, match="'judged' is missing"):
        apply_filters(made.drop("judged"), settings, real=real)


def test_apply_filters_gives_every_row_one_receipt():
    texts = [
        "no",
        "As an AI I refuse",
        "mail me at a@b.org",
        "a good long text",
        None,
        " ",
        "\ufffd",
    ]
    frame = pl.DataFrame({"id": list("gfedcba"), "text": texts, "other": range(7)})
    settings = {"pii": True, "length": {"min_words": 2}, "refusal": {"on": True}, "language": False}
    kept, removed = apply_filters(frame, settings)
    assert kept.to_dicts() == [{"id": "d", "text": "a good long text", "other": 3}]
    assert removed.schema == RECEIPT
    assert dict(removed.select("id", "stage").iter_rows()) == {
        "g": "length",
        "f": "refusal",
        "e": "pii",
        "c": "broken",
        "b": "broken",
        "a": "broken",
    }
    again = apply_filters(frame.sample(fraction=1, shuffle=True, seed=1), settings)
    assert again[0].write_csv() == kept.write_csv()
    assert again[1].write_csv() == removed.write_csv()


@pytest.mark.parametrize("off", [False, {"on": False}, {"on": False, "min_words": 5}])
def test_a_filter_that_is_off_removes_nothing(off):
    kept, removed = apply_filters(pl.DataFrame({"id": ["a"], "text": ["x"]}), {"length": off})
    assert len(kept) == 1 and not len(removed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lenght": True}, "'lenght' is not one of"),
        ({"length": {"min": 2}}, "no setting 'min'"),
        ({"label_consistency": {"real": 1}}, "no setting 'real'"),
        ({"perplexity": True}, "'mean_logprob' is missing"),
        ({"label_consistency": True}, "needs real"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        apply_filters(pl.DataFrame({"id": ["a"], "text": ["x"]}), settings)
