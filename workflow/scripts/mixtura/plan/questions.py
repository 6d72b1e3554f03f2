"""What jobs ask of language models: how many prompts, of which length, with which answers."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import polars as pl

from mixtura.core.tables import read_table
from mixtura.curate.judge import SHOWN, answer_tokens, label_prompt
from mixtura.curate.quality import quality_prompt
from mixtura.curate.settings import READ, SCORES, TranslateSettings
from mixtura.curate.translate import translation_prompt
from mixtura.generate.settings import GenerateSettings, TopicsSettings
from mixtura.infer.judging import CHECKED
from mixtura.measure.grouping_judge import cluster_prompt
from mixtura.plan.plan import Plan
from mixtura.plan.training_speed import CHARACTERS
from mixtura.prepare.tables import Examples
from mixtura.study.task import LABELLED

PASSAGE = 800  # characters of a passage that a question is about, until there are examples
TEST_ROWS = 1000  # of a test set whose rows a job alone counts
WORDS = "a few words"  # a topic or a persona


class Questions(NamedTuple):
    """What a job asks of a language model."""

    prompts: int
    prompt: str  # a typical one
    longest: int  # tokens of an answer


class QuestionsOfJobs:
    """What jobs ask of language models, from the configuration and the examples if there are some.

    `root` is the folder of the results.
    """

    def __init__(self, plan: Plan, root: Path) -> None:
        self.plan, self.study = plan, plan.sets.study
        self.lengths = _mean_lengths(root / plan.sets.paths.path("data/examples/r0.parquet"))

    def of(self, rule: str, wildcards: Mapping[str, str]) -> Questions | None:
        """What a job of a rule asks, None where it asks nothing."""
        if rule in ("generate", "top_up"):  # a set is taken to be topped up by one shard
            return self._shard(SimpleNamespace(**{"shard": "0", **wildcards}))
        if rule == "topics":
            return self._topics(SimpleNamespace(**wildcards))
        if rule == "judge":
            return self._labels()
        if rule in ("check_judge", "judge_answers"):
            return self._answers(rule == "check_judge")
        if rule == "classify":
            return self._classified(wildcards["rows"])
        if rule == "translate":
            return self._translated(SimpleNamespace(**wildcards))
        if rule == "diversity" and self.study.diversity.judge:
            return self._groups(self.study.diversity.judge)
        return None

    def _shard(self, wildcards: Any) -> Questions:
        settings = GenerateSettings.from_json(self.plan.generate.settings(wildcards))
        longest = settings.generator.sampling.max_new_tokens
        texts = _count(settings.level.get("texts")) if settings.dial.name == "several" else 1
        row = self._row(longest)
        example = row["text"] if settings.kind in LABELLED else row
        fields = {
            settings.dial.name: WORDS,
            "noun": settings.noun,
            "label": next(iter(settings.labels), ""),
            "examples": [example] * settings.generator.shots,
            "context": row["context"],
            "source": row["text"],
            "texts": texts,
            **{name: [WORDS] * _count(settings.level.get(name)) for name in ("hints", "taboo")},
        }
        prompt = _rendered(settings.generator.prompt, fields)
        return Questions(-(-self.study.generate.shard // texts), prompt, longest * texts)

    def _topics(self, wildcards: Any) -> Questions:
        """An answer is taken to name one new topic."""
        settings = TopicsSettings.from_json(self.plan.generate.topics_settings(wildcards))
        longest = settings.generator.sampling.max_new_tokens
        examples = [self._row(longest)["text"]] * settings.generator.shots
        fields = {"noun": settings.noun, "label": "", "examples": examples, "shown": [WORDS] * 4}
        prompt = _rendered(settings.generator.prompt, fields)
        return Questions(settings.topics, prompt, longest)

    def _labels(self) -> Questions:
        """A judge of labels reads the pool, and the real rows that it is not shown."""
        task = self.study.task
        pool = len(self.plan.sets.shards.planned) * self.study.generate.shard
        if task.kind in READ:
            row = self._row(self._longest)
            return Questions(
                pool + 2 * self.study.designs.largest, quality_prompt(row, task.kind), 2
            )
        labels = task.words * SHOWN
        shown = pl.DataFrame({"text": [self._text] * len(labels), "label": labels})
        real = max(self.study.designs.largest - len(labels), 0)
        prompt = label_prompt(self._text, shown, task.words, task.noun)
        return Questions(pool + real, prompt, answer_tokens(task.words))

    def _answers(self, real: bool) -> Questions:
        """A judge reads the answers of a run to all test rows, or real ones beside wrong ones."""
        count = 2 * min(self.study.task.test.rows or TEST_ROWS, CHECKED) if real else self._tested
        return Questions(
            count, quality_prompt(self._row(self._longest), "instruction"), answer_tokens(SCORES)
        )

    @property
    def _tested(self) -> int:
        """Rows of all test sets of a replicate."""
        task = self.study.task
        return (task.test.rows or TEST_ROWS) + task.shifted_rows * len(task.shifted)

    def _classified(self, rows: str) -> Questions:
        """A generator labels all test rows, or as much unlabelled text as a set has."""
        task, alternatives = self.study.task, self.study.designs.alternatives
        assert alternatives
        section = alternatives.labelled if rows == "unlabelled" else alternatives.few_shot
        assert section
        labels = task.words * section.shots
        shown = pl.DataFrame({"text": [self._text] * len(labels), "label": labels})
        count = getattr(section, "n", None) or self.study.generate.n
        if rows == "test":
            count = self._tested
        prompt = label_prompt(self._text, shown, task.words, task.noun)
        return Questions(count, prompt, answer_tokens(task.words))

    def _translated(self, wildcards: Any) -> Questions:
        """Each row is translated there and back."""
        settings = TranslateSettings.from_json(self.plan.alternatives.translate_settings(wildcards))
        prompt = translation_prompt(self._text, settings.pivot, settings.generator)
        return Questions(2 * settings.n, prompt, settings.generator.sampling.max_new_tokens)

    def _groups(self, judge: str) -> Questions:
        # It loads numpy, which few plans need.
        from mixtura.measure.diversity_panel import DIVERSITY

        name, diversity = "llm_cluster_score", self.study.diversity
        options = {**DIVERSITY[name].options, **diversity.options.get(name, {})}
        prompts = options["repeats"] * (1 + diversity.repeats)
        longest = self.study.generators[judge].sampling.max_new_tokens
        return Questions(prompts, cluster_prompt([self._text] * options["sample"]), longest)

    @property
    def _text(self) -> str:
        """What a judge reads: a text as long as those of the first generator."""
        return str(self._row(self._longest)["text"])

    @property
    def _longest(self) -> int:
        """Tokens of an answer of the first generator."""
        generator = self.study.generators[self.study.generate.generators[0]]
        return generator.sampling.max_new_tokens

    def _row(self, longest: int) -> dict[str, Any]:
        """A row as prompts show it: as long as the mean example, else as the longest answer."""
        answer = longest * CHARACTERS
        halves = dict.fromkeys(("question", "answers", "prompt", "response"), answer / 2)
        lengths = {"text": answer, "context": PASSAGE, **halves, **self.lengths}
        row: dict[str, Any] = {name: "x" * round(length) for name, length in lengths.items()}
        return {**row, "answers": [row["answers"]]}


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _rendered(template: str, fields: Mapping[str, Any]) -> str:
    """A typical prompt. What a dial of the user's own shows is left out, or the template is taken
    as it stands.
    """
    from jinja2 import ChainableUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        environment = SandboxedEnvironment(undefined=ChainableUndefined)
        return environment.from_string(template).render(fields)
    except (TemplateError, TypeError, ValueError):
        return template


def _mean_lengths(file: Path) -> dict[str, float]:
    """Mean characters of each column of the examples, if there are some."""
    if not file.is_file():
        return {}
    rows = read_table(file, Examples)
    texts = {
        name: rows[name].explode() if isinstance(kind, pl.List) else rows[name]
        for name, kind in rows.schema.items()
        if kind in (pl.String, pl.List(pl.String))
    }
    # A mean of lengths is a number, or None where there are no rows.
    return {name: float(column.str.len_chars().mean() or 0) for name, column in texts.items()}  # type: ignore[arg-type]
