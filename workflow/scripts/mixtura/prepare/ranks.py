"""The order of labels, such as ratings."""

import re
from collections.abc import Mapping

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def label_ranks(labels: Mapping[str, str], ordered: bool | None = None) -> dict[str, float]:
    """The rank of each label word, empty where labels have no order.

    Three or more words that are numbers have their values, unless `ordered` is false; where it is
    true, others have their places in `labels`, from 1.
    """
    words = list(dict.fromkeys(labels.values()))
    numbers = {word: float(word) for word in words if NUMBER.fullmatch(word)}
    if len(numbers) == len(words) and (ordered or (ordered is None and len(words) > 2)):
        return numbers
    return {word: float(place) for place, word in enumerate(words, start=1)} if ordered else {}
