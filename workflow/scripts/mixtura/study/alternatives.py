"""Section `designs.alternatives`: what could be done in place of generating text."""

from typing import TYPE_CHECKING

from pydantic import Field

from mixtura.core.settings import Name, Positive, Threshold
from mixtura.study.base import Section, listed
from mixtura.study.derived import SourcesPipeline

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
    """Real rows that a generator, or a pair of them, translates into another language and back."""

    generator: Name = Field(
        description="key of `generators`: translates both ways, as a prompt says"
    )
    back: Name | None = Field(
        None,
        description="key of `generators`: translates back what `generator` translates. Both are "
        "of backend seq2seq, a model for each direction",
    )
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

    def languages(self, code: str) -> tuple[str | None, str | None]:
        """(that of the rows, the one in between), in words; `code` is `task.language`.

        None of a pair, whose models have their languages.
        """
        if self.back:
            return None, None
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
        _translates(study, translation)
    if alternatives.labelled and not study.task.unlabelled:
        raise ValueError("designs.alternatives.labelled: needs task.unlabelled, text to label")


def _translates(study: "Study", section: BackTranslation) -> None:
    """A pair has two models that translate, or one generator is told two languages."""
    key = "designs.alternatives.back-translation"
    if section.back:
        for name, value in (("generator", section.generator), ("back", section.back)):
            allowed = [n for n, each in study.generators.items() if each.backend == "seq2seq"]
            if value not in allowed:
                raise ValueError(
                    f"{key}.{name}: {value!r}; allowed in a pair: generators of backend seq2seq "
                    f"({listed(allowed) if allowed else 'there is none'})"
                )
        for name in ("pivot", "language"):
            if getattr(section, name):
                raise ValueError(f"{key}.{name}: two models have their languages; leave it out")
        return
    if study.generators[section.generator].backend == "seq2seq":
        raise ValueError(
            f"{key}.back: missing; {section.generator!r} translates one way, name the generator "
            "that translates back"
        )
    own, pivot = section.languages(study.task.language)
    if not own:
        raise ValueError(
            f"{key}.language: missing; name the language of the rows (task.language "
            f"{study.task.language})"
        )
    if pivot and own.casefold() == pivot.casefold():
        raise ValueError(f"{key}.pivot: {pivot!r} is the language of the rows; name another")


def translating_models_only_translate(study: "Study") -> None:
    """A generator of backend seq2seq answers no prompt: back-translation alone has it."""
    alternatives, loop = study.designs.alternatives or Alternatives(), study.designs.loop
    classifiers = [each for each in (alternatives.few_shot, alternatives.labelled) if each]
    sources = [each for each in study.pipelines.values() if isinstance(each, SourcesPipeline)]
    levels = [level for pipeline in sources for level in pipeline.levels.values()]
    uses: dict[str, list[str | None]] = {
        "generate.generators": [*study.generate.generators],
        "diversity.judge": [study.diversity.judge],
        "designs.loop.judge": [loop.judge if loop else None],
        "evaluation.judge": [study.evaluation.judge],
        "designs.alternatives": [each.generator for each in classifiers],
        "curation": [variant.judge for variant in study.curation.values()],
        "pipelines": [name for level in levels for name in level.generators],
    }
    for key, names in uses.items():
        for name in names:
            if name and name in study.generators and study.generators[name].backend == "seq2seq":
                raise ValueError(
                    f"{key}: generators.{name} is of backend seq2seq, which translates a text and "
                    "follows no prompt; allowed: other backends"
                )


def names_of_alternatives_are_free(study: "Study") -> None:
    """No generator or pipeline has a name that sets of alternatives have."""
    for key, names in (("generators", study.generators), ("pipelines", study.pipelines)):
        if study.designs.alternatives and (clashes := {WORDS, *PIPELINES} & {*names}):
            raise ValueError(f"{key}.{min(clashes)}: designs.alternatives has sets of this name")


CHECKS_OF_ALTERNATIVES = (
    alternatives_are_possible,
    names_of_alternatives_are_free,
    translating_models_only_translate,
)


WORDS = "words"  # stands for the generator of what operations on words make
PIPELINES = ("few-shot", "eda", "back-translation", "labelled")
ALTERNATIVE = "alternative"  # stands for the level of a set that no dial wrote
