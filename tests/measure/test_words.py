"""The words of a text."""

from mixtura.measure.diversity import words


def test_words():
    assert words("Don't stop: 2 well-known facts.") == [
        "don't",
        "stop",
        "2",
        "well",
        "known",
        "facts",
    ]
    assert words(["Kept", "."]) == ["Kept", "."]
