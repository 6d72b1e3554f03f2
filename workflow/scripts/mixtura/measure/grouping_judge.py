"""A language model as judge of diversity: it says which texts belong together."""

from collections.abc import Callable

from mixtura.core.streams import stream_seed
from mixtura.generate.backends import open_backend
from mixtura.generate.backends.base import Completion
from mixtura.generate.settings import LanguageModel, Running, Sampling

ATTEMPTS = 5
PROMPT = """Sort the texts into groups that are about the same thing. Answer with one line: the \
name of the group of each text, in order, separated by commas.

{texts}

Groups of the {count} texts: """


def cluster_prompt(texts: list[str]) -> str:
    """What the judge is asked, texts on one numbered line each."""
    lines = (f"{place}. {' '.join(text.split())}" for place, text in enumerate(texts, start=1))
    return PROMPT.format(texts="\n".join(lines), count=len(texts))


def parse_groups(answer: str, count: int) -> list[str] | None:
    """The first `count` names in a judge's answer, by commas or else by spaces; None for fewer."""
    cut = answer.split(",") if "," in answer else answer.split()
    names = [name.strip(" .\t\n").casefold() for name in cut]
    names = [name for name in names if name]
    return names[:count] if len(names) >= count else None


def open_judge(
    model: LanguageModel, seed: int, folder: str | None, running: str
) -> Callable[[list[str]], list[str]]:
    """The judge that a language model is, loaded from `folder`; `running` is JSON of `Running`."""
    backend = open_backend(model, folder, Running.from_json(running))
    return llm_judge(backend.complete, model.sampling, seed)


def llm_judge(
    complete: Callable[[list[str], Sampling, list[int]], list[Completion]],
    sampling: Sampling,
    seed: int,
) -> Callable[[list[str]], list[str]]:
    """A function that gives each of some texts the name of its group, for `llm_cluster_score`.

    `complete` is a backend's method. The same texts and seed get the same answer. An answer
    without a name for every text is asked for again, `ATTEMPTS` times in all, then ValueError.
    """

    def cluster(texts: list[str]) -> list[str]:
        prompt = cluster_prompt(texts)
        for attempt in range(ATTEMPTS):
            drawn = stream_seed(seed, "judge", attempt, *texts)
            # A greedy judge would only repeat itself.
            warmth = max(sampling.temperature, 0.5 * attempt)
            warmer = sampling.model_copy(update={"temperature": warmth})
            answer = complete([prompt], warmer, [drawn])[0].text
            if groups := parse_groups(answer, len(texts)):
                return groups
        raise ValueError(
            f"the judge did not name a group for each of {len(texts)} texts in {ATTEMPTS} "
            "attempts; raise its sampling.max_new_tokens or take another model. Its last answer: "
            f"{answer!r}"
        )

    return cluster
