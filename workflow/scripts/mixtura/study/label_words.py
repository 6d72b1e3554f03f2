"""Label words and the values of a label column, as YAML gives them."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from mixtura.prepare.settings import LONGEST


def _value(value: Any) -> str:
    """The text of a value in the label column: YAML reads `true`, `yes` and `4` as no text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _word(word: Any) -> Any:
    if isinstance(word, bool):
        raise ValueError("write it in quotes: YAML reads yes, no, on and off as true and false")
    return str(word) if isinstance(word, int | float) else word


def _one_line(word: str) -> str:
    if word.split() != word.split(" "):
        raise ValueError("must be words on one line with one space between them")
    return word


Value = Annotated[str, BeforeValidator(_value)]
Word = Annotated[
    str, Field(min_length=1, max_length=LONGEST), BeforeValidator(_word), AfterValidator(_one_line)
]
