import numpy as np
import polars as pl
import pytest

from mixtura.curate.decontaminate import decontaminate
from mixtura.curate.receipts import RECEIPT

TEST = (
    "the director turns a small quiet story about two brothers into something brave and funny "
    "without ever raising his voice"
)
SHORT = "a clumsy but honest little film"
TINY = "great film"
PROTECTED = pl.DataFrame({"id": ["t0", "t1", "t2"], "text": [TEST, SHORT, TINY]})


def run(*texts, **settings):
    frame = pl.DataFrame({"id": [f"g{i}" for i in range(len(texts))], "text": texts})
    return decontaminate(frame, PROTECTED, **settings)


EDITED = TEST.replace("quiet", "silent").replace("something", "one").replace("raising", "using")


@pytest.mark.parametrize(
    ("text", "settings", "reason", "kept_id"),
    [
        (TEST.upper() + "!", {}, "equals a protected text", "t0"),
        ("Great film.", {}, "equals a protected text", "t2"),
        (f"As they say: {TEST}. I agree.", {}, "shares 8 tokens in a row", "t0"),
        (EDITED, {"overlap": 0.5}, "shares 0.5 of the 3-grams", "t0"),
        (f"I found it {SHORT} and I liked it", {}, "shares 0.6 of the 3-grams", "t1"),
    ],
)
def test_planted_texts_are_found(text, settings, reason, kept_id):
    remaining, removed = run(text, **settings)
    assert not len(remaining)
    assert removed.select("stage", "reason", "kept_id").rows() == [
        ("decontaminate", reason, kept_id)
    ]
    assert 0.5 <= removed["score"][0] <= 1


def test_one_word_changed_anywhere_is_found():
    words = TEST.split()
    for text in (words, f"{SHORT} that never finds its feet".split()):
        protected = pl.DataFrame({"id": ["t"], "text": [" ".join(text)]})
        edited = [" ".join([*text[:i], "other", *text[i + 1 :]]) for i in range(len(text))]
        frame = pl.DataFrame({"id": [str(i) for i in range(len(edited))], "text": edited})
        remaining, _ = decontaminate(frame, protected)
        assert not len(remaining)


@pytest.mark.parametrize(
    "text",
    [
        "what a great film this is",
        "a clumsy but honest comedy",
        "two brothers raise their voice",
        "something brave and funny",
        "the story of a quiet town",
        "",
    ],
)
def test_ordinary_texts_stay(text):
    remaining, removed = run(text)
    assert len(remaining) == 1
    assert removed.schema == RECEIPT


def test_a_piece_of_a_long_protected_text_is_found():
    words = [f"w{i}" for i in range(200)]
    protected = pl.DataFrame({"id": ["t"], "text": [" ".join(words)]})
    piece = words[50:62]
    piece[6] = "other"
    frame = pl.DataFrame({"id": ["g"], "text": [" ".join(piece)]})
    _, removed = decontaminate(frame, protected)
    assert removed["reason"].to_list() == ["shares 0.6 of the 3-grams"]
    assert removed["score"][0] == pytest.approx(7 / 10)


def test_meaning_is_compared_in_the_order_of_each_frame():
    protected = pl.DataFrame({"id": ["t9", "t1"], "text": ["quite something", "else entirely"]})
    frame = pl.DataFrame({"id": ["g1", "g0"], "text": ["one thing", "other matter"]})
    ours = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]])
    theirs = np.array([[3.0, 0.1, 0.0], [0.0, 1.0, 0.0]])
    remaining, removed = decontaminate(
        frame, protected, similarity=0.9, embeddings=ours, protected_embeddings=theirs
    )
    assert remaining["id"].to_list() == ["g0"]
    assert removed.select("id", "kept_id").rows() == [("g1", "t9")]
    assert removed["score"][0] == pytest.approx(3 / np.sqrt(9.01))


def test_order_and_shards_change_nothing():
    rng = np.random.default_rng(0)
    words = TEST.split()
    texts = [" ".join(rng.permutation(words)[: rng.integers(3, 20)]) for _ in range(60)]
    texts += [" ".join(words[i : i + 9]) for i in range(8)]
    frame = pl.DataFrame({"id": [f"g{i}" for i in range(len(texts))], "text": texts})
    expected = decontaminate(frame, PROTECTED)
    assert len(expected[1]) >= 8
    for shards in (2, 8):
        shuffled = frame.sample(fraction=1, shuffle=True, seed=shards)
        parts = [
            decontaminate(shuffled[i.tolist()], PROTECTED[::-1])
            for i in np.array_split(np.arange(len(texts)), shards)
        ]
        for k in (0, 1):
            joined = pl.concat([p[k] for p in parts]).sort("id")
            assert joined.write_csv() == expected[k].write_csv()


def test_degenerate_input():
    none = PROTECTED.head(0)
    remaining, removed = decontaminate(PROTECTED, none)
    assert len(remaining) == 3 and removed.schema == RECEIPT
    remaining, removed = decontaminate(none, PROTECTED)
    assert not len(remaining) and not len(removed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 2}, "below 3"),
        ({"overlap": 0}, "outside"),
        ({"similarity": 1.5}, "outside"),
        ({"similarity": 0.9}, "needs embeddings"),
        (
            {
                "similarity": 0.9,
                "embeddings": np.ones((2, 2)),
                "protected_embeddings": np.ones((3, 2)),
            },
            "differ in length",
        ),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        run("some text", **settings)
