"""Topic-guided generation (arXiv 2506.19262): a larger set of seed topics is a higher level."""

import random
from collections.abc import Sequence

from sklearn.feature_extraction.text import CountVectorizer

from mixtura.dials.base import PromptSpec
from mixtura.streams import stream_seed


def mine_topics(texts: Sequence[str], size: int) -> list[str]:
    """The `size` content words that most texts hold; ties in alphabetical order.

    Words are four letters or longer and no stop words. Fewer are returned where the texts hold
    fewer. Raises ValueError where they hold none.
    """
    words = CountVectorizer(
        stop_words="english", token_pattern=r"(?u)\b[^\W\d_]{4,}\b", binary=True
    )
    counts = words.fit_transform(texts).sum(axis=0).A1
    ranked = sorted(zip(-counts, words.get_feature_names_out(), strict=True))
    return [word for _, word in ranked[:size]]


def specify(
    level: dict[str, int],
    *,
    examples: Sequence[tuple[str, str, str]],
    labels: Sequence[str],
    shots: int,
    first: int,
    prompts: int,
    stream: Sequence[object],
) -> list[PromptSpec]:
    """Prompts `first` to `first + prompts`: labels in turn, a random topic, random real examples.

    `examples` are the (id, text, label) rows that may be shown; `stream` names the random stream,
    and each index has a seed of its own, so that shards can be made in any order.
    """
    topics = mine_topics([text for _, text, _ in examples], level["topics"])
    specs = []
    for index in range(first, first + prompts):
        label = labels[index % len(labels)]
        rng = random.Random(stream_seed(0, *stream, index))
        shown = rng.sample([(row, text) for row, text, of in examples if of == label], shots)
        specs.append(PromptSpec(index, label, tuple(shown), {"topic": rng.choice(topics)}))
    return specs
