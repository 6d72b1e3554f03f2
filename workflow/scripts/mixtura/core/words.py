"""What a word is: one rule for measures, filters, topics and scores of answers."""

import unicodedata

import regex

# From one word boundary of Unicode (annex 29) to the next, where no space or punctuation lies.
WORD = regex.compile(r"\b\p{Pc}*[\p{L}\p{M}\p{N}\p{So}].*?\b", regex.WORD | regex.V1 | regex.DOTALL)
INVISIBLE = regex.compile(r"\p{Cf}+")


def words(text: str) -> list[str]:
    """The words of a text, `folded`: those of Unicode's annex 29.

    "don't" and "3.14" are single words, "well-known" is two, and a sign of a script that puts no
    space between words (Chinese, Japanese, Thai) or an emoji is a word of its own.
    """
    if text.isascii():  # nothing to fold but case
        cut: list[str] = WORD.findall(text.lower())
        return cut
    return [INVISIBLE.sub("", word) for word in WORD.findall(folded(text).replace("’", "'"))]


def folded(text: str) -> str:
    """A text in one form of its signs (NFKC), without case."""
    # casefold can undo the composition ("ΐ"), so it is composed again
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
