"""Section `designs.alternatives`: what could be done in place of generating text."""

from typing import TYPE_CHECKING

from pydantic import Field

from mixtura.core.settings import Name, Positive, Threshold
from mixtura.study.base import Section, listed

if TYPE_CHECKING:
    from mixtura.study.study import Study


class FewShot(Section):
    """A generator labels the test rows itself: why train at all?"""

    generator: Name = Field(description="key of `generators`")
    shots: Positive = Field(
        2, description="real rows of each label that a prompt shows, fewer where a mix has fewer"
    )


class Eda(Section):
    """Real rows with words replaced, inserted, swapped and deleted (Wei and Zou 2019)."""

    n: Positive | None = Field(None, description="rows that are added; default: `generate.n`")
    alpha: Threshold = Field(0.1, description="share of the words of a text that change")


class Labelled(FewShot):
    """Unlabelled real text with the labels of a generator."""

    n: Positive | None = Field(None, description="rows that are added; default: `generate.n`")


LANGUAGES = {
    **{"ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French"},
    **{"hi": "Hindi", "zh": "Chinese"},
}


class BackTranslation(Section):
    """Real rows that a generator translates into another language and back."""

    generator: Name = Field(description="key of `generators`")
    pivot: str | None = Field(
        None,
        min_length=1,
        description="language in between, in words of a prompt; default: English, or German where "
        "the rows are English",
    )
    language: str | None = Field(
        None,
        min_length=1,
        description="language of the rows, in words of a prompt; default: that of `task.language`, "
        "where built-in prompts are in it",
    )
    n: Positive | None = Field(None, description="rows that are added; default: `generate.n`")

    def languages(self, code: str) -> tuple[str | None, str]:
        """(that of the rows, the one in between), in words; `code` is `task.language`."""
        own = self.language or LANGUAGES.get(code)
        return own, self.pivot or ("German" if own == "English" else "English")


class Alternatives(Section):
    """What could be done in place of generating text, compared as the mixes are."""

    real: list[Positive] | None = Field(
        None, min_length=1, description="some of `designs.real`; default: all"
    )
    few_shot: FewShot | None = Field(
        None, alias="few-shot", description="a generator as classifier of the test rows"
    )
    eda: Eda | None = Field(None, description="classic augmentation by operations on words")
    back_translation: BackTranslation | None = Field(
        None,
        alias="back-translation",
        description="augmentation by translations into another language and back",
    )
    labelled: Labelled | None = Field(
        None, description="unlabelled real text (`task.unlabelled`) with labels of a generator"
    )


def alternatives_are_possible(study: "Study") -> None:
    """Alternatives name generators and numbers of real rows, and text that there is."""
    alternatives = study.designs.alternatives
    if not alternatives:
        return
    if study.task.kind != "classification":
        raise ValueError(f"designs.alternatives: task.kind {study.task.kind} has no labels")
    for real in alternatives.real or ():
        if real not in study.designs.real:
            allowed = listed(study.designs.real)
            raise ValueError(f"designs.alternatives.real: {real}; allowed: {allowed}")
    translation = alternatives.back_translation
    sections = {
        **{"few-shot": alternatives.few_shot, "labelled": alternatives.labelled},
        "back-translation": translation,
    }
    for key, section in sections.items():
        if section and section.generator not in study.generators:
            raise ValueError(
                f"designs.alternatives.{key}.generator: {section.generator!r} is not defined; "
                f"allowed: {listed(study.generators)}"
            )
    if translation:
        own, pivot = translation.languages(study.task.language)
        if not own:
            raise ValueError(
                "designs.alternatives.back-translation.language: missing; name the language of "
                f"the rows (task.language {study.task.language})"
            )
        if own.casefold() == pivot.casefold():
            raise ValueError(
                f"designs.alternatives.back-translation.pivot: {pivot!r} is the language of the "
                "rows; name another"
            )
    if alternatives.labelled and not study.task.unlabelled:
        raise ValueError("designs.alternatives.labelled: needs task.unlabelled, text to label")


def names_of_alternatives_are_free(study: "Study") -> None:
    """No generator or pipeline has a name that sets of alternatives have."""
    for key, names in (("generators", study.generators), ("pipelines", study.pipelines)):
        if study.designs.alternatives and (clashes := {WORDS, *PIPELINES} & {*names}):
            raise ValueError(f"{key}.{min(clashes)}: designs.alternatives has sets of this name")


WORDS = "words"  # stands for the generator of what operations on words make
PIPELINES = ("few-shot", "eda", "back-translation", "labelled")
ALTERNATIVE = "alternative"  # stands for the level of a set that no dial wrote
