"""Rules that several sections keep together: one function for each, in the order of `CHECKS`.

A function has the name of its rule and raises ValueError with the key, its value and what is
allowed. Rules of one section stand beside its models, those of a design in its file.
"""

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from mixtura.curate.settings import READ
from mixtura.generate.templates import DIAL_FIELDS, FIELDS, unknown_fields
from mixtura.study.alternatives import CHECKS_OF_ALTERNATIVES
from mixtura.study.base import listed
from mixtura.study.derived import (
    Derived,
    ParaphrasePipeline,
    Recuration,
    SelectionPipeline,
    SourcesPipeline,
)
from mixtura.study.downstream import FineTuned, Probe
from mixtura.study.evaluation import judge_of_answers_is_another_model
from mixtura.study.fill import filling_stands_alone
from mixtura.study.loop import (
    generators_of_a_loop_can_be_tuned,
    loop_starts_from_a_set,
    names_of_a_loop_are_free,
    rows_of_a_loop_fit,
    schemes_of_a_loop_occur_once,
    verified_rounds_have_a_judge,
)
from mixtura.study.pipelines import ContextPipeline, ModulePipeline, Pipeline, TopicPipeline

LEAST_REFERENCE = 8  # rows, two halves of four

if TYPE_CHECKING:
    from mixtura.study.study import Study


def known(key: str, names: Iterable[str | int], allowed: Collection[str | int]) -> None:
    """Every name is defined elsewhere in the configuration."""
    for name in names:
        if name not in allowed:
            raise ValueError(f"{key}: {name!r} is not defined; allowed: {listed(allowed)}")


def shows(key: str, prompt: str | None, *more: str) -> None:
    """A template shows only fields that prompts have."""
    fields = [*FIELDS, *DIAL_FIELDS, *more]
    if unknown := set(unknown_fields(prompt) if prompt else []) - {*fields}:
        raise ValueError(
            f"{key}.prompt: {prompt!r} shows {listed(sorted(unknown))}; "
            f"known fields: {listed(fields)}"
        )


def generators_are_complete(study: "Study") -> None:
    """A generator names a model of the study, and its template known fields."""
    any_field = any(isinstance(p, ModulePipeline) for p in study.pipelines.values())
    for name, generator in study.generators.items():
        if generator.model:
            known(f"generators.{name}.model", [generator.model], study.models)
        if not any_field:  # a dial of the user's own has fields of its own
            shows(f"generators.{name}", generator.prompt)


def templates_of_pipelines_show_known_fields(study: "Study") -> None:
    """Templates of topics and of paraphrases show known fields."""
    for name, pipeline in study.pipelines.items():
        if isinstance(pipeline, TopicPipeline):
            shows(f"pipelines.{name}", pipeline.prompt, "shown")
        elif isinstance(pipeline, ParaphrasePipeline):
            shows(f"pipelines.{name}", pipeline.prompt)


WITHOUT_LABELS = ("causal-lm", "module")
DOWNSTREAM = {  # task.kind -> kinds of downstream models
    "classification": ("encoder", "setfit", "probe", *WITHOUT_LABELS),
    "multilabel": ("encoder", "probe", "causal-lm"),
}


def downstream_models_are_complete(study: "Study") -> None:
    """A downstream model has its weights or embedder, rows to search on, and fits the task."""
    for name, model in study.downstream.items():
        if isinstance(model, Probe):
            known(f"downstream.{name}.embedder", [model.embedder], list(study.embedders))
        elif model.model:
            known(f"downstream.{name}.model", [model.model], study.models)
        if model.search and study.task.development.is_empty:
            raise ValueError(
                f"downstream.{name}.search: needs task.development, real rows to compare "
                "settings on; 64 or more tell them apart"
            )
        kinds = DOWNSTREAM.get(study.task.kind, WITHOUT_LABELS)
        if model.kind not in kinds:
            raise ValueError(
                f"downstream.{name}.kind: {model.kind!r} is not for task.kind {study.task.kind}; "
                f"allowed: {listed(kinds)}"
            )


def embedders_are_models(study: "Study") -> None:
    """An embedder is a key of `models`; one of another kind is an embedder."""
    known("embedders", study.embedders, study.models)
    known("embeddings.kinds", list(study.embeddings.kinds), study.embedders)


def measure_by_a_judge_has_its_judge(study: "Study") -> None:
    """The judge of diversity is a generator; the measure that asks it needs it."""
    if study.diversity.judge:
        known("diversity.judge", [study.diversity.judge], study.generators)
    elif "llm_cluster_score" in study.diversity.measures:
        raise ValueError(
            "diversity.measures: 'llm_cluster_score' needs diversity.judge; "
            f"allowed: {listed(study.generators)}"
        )


def dials_fit_the_task(study: "Study") -> None:
    """Dials that need passages or one line of text are for tasks that have them."""
    kind = study.task.kind
    for name, pipeline in study.pipelines.items():
        if isinstance(pipeline, ContextPipeline) and kind != "qa":
            raise ValueError(f"pipelines.{name}.dial: 'context' needs task.kind qa, not {kind}")
        if isinstance(pipeline, ParaphrasePipeline) and kind == "instruction":
            raise ValueError(
                f"pipelines.{name}.dial: 'paraphrase' is for one line of text or a question, "
                "not for task.kind instruction"
            )


def filters_fit_the_task(study: "Study") -> None:
    """Filters that read labels are for classification."""
    kind = study.task.kind
    for name, variant in study.curation.items():
        for key in ("label_leak", "label_consistency"):
            if getattr(variant.filters, key) and kind != "classification":
                raise ValueError(
                    f"curation.{name}.filters.{key}: is for classification, not task.kind {kind}"
                )
        if variant.filters.quality and kind not in READ:
            raise ValueError(
                f"curation.{name}.filters.quality: is for task.kind {listed(READ)}, not {kind}"
            )


def what_is_generated_is_defined(study: "Study") -> None:
    """`generate` names generators and pipelines of the study."""
    known("generate.generators", study.generate.generators, study.generators)
    known("generate.pipelines", study.generate.pipelines, study.pipelines)


def models_of_curation_are_defined(study: "Study") -> None:
    """A variant of curation names an embedder of `models` and a judge of `generators`."""
    for name, variant in study.curation.items():
        if variant.embedder:
            known(f"curation.{name}.embedder", [variant.embedder], study.models)
        if variant.judge:
            step = "quality" if variant.filters.quality else "label_consistency"
            key = f"curation.{name}.filters.{step}.judge"
            known(key, [variant.judge], study.generators)


def curation_of_pipelines_is_defined(study: "Study") -> None:
    """A pipeline names a variant of curation; a recuration, a pipeline that generates."""
    writing = [k for k, p in study.pipelines.items() if isinstance(p, Pipeline)]
    for name, pipeline in study.pipelines.items():
        if isinstance(pipeline, Derived):
            continue
        known(f"pipelines.{name}.curation", [pipeline.curation], study.curation)
        if isinstance(pipeline, Recuration):
            known(f"pipelines.{name}.of", [pipeline.of], writing)


def bases_of_derived_pipelines_are_defined(study: "Study") -> None:
    """A derived pipeline names pipelines, levels and generators of the study."""
    bases = [k for k, p in study.pipelines.items() if not isinstance(p, Derived)]
    for name, pipeline in study.pipelines.items():
        if isinstance(pipeline, ParaphrasePipeline | SourcesPipeline):
            known(f"pipelines.{name}.of", [pipeline.of], bases)
            known(f"pipelines.{name}.level", [pipeline.level], study.levels_of(pipeline.of))
        if isinstance(pipeline, SelectionPipeline):
            known(f"pipelines.{name}.pool", list(pipeline.pool), bases)
            for base, levels in pipeline.pool.items():
                known(f"pipelines.{name}.pool.{base}", levels, study.levels_of(base))
            if sum(map(len, pipeline.pool.values())) < 2:
                raise ValueError(
                    f"pipelines.{name}.pool: one set has no more than the {study.generate.n} "
                    "rows that are chosen; allowed: two sets or more"
                )
        if isinstance(pipeline, SourcesPipeline):
            for level, setting in pipeline.levels.items():
                key = f"pipelines.{name}.levels.{level}.generators"
                known(key, setting.generators, study.generators)


def levels_are_defined(study: "Study") -> None:
    """Every pipeline that is generated has every level."""
    for name in study.generate.pipelines:
        levels = study.levels_of(name)
        for level in study.generate.levels:
            if level not in levels:
                raise ValueError(
                    f"generate.levels: {level!r} is not defined by pipelines.{name}; "
                    f"allowed: {listed(levels)}"
                )


def values_occur_once(study: "Study") -> None:
    """Seeds, numbers of real rows and levels are different ones."""
    for key, values in (
        ("seeds", study.seeds),
        ("designs.real", study.designs.real),
        ("generate.levels", study.generate.levels),
    ):
        if len(set(values)) < len(values):
            raise ValueError(f"{key}: {values} names a value twice; allowed: each once")


def reference_has_two_halves(study: "Study") -> None:
    """The reference has rows to compare with, and as many for the noise floor."""
    task = study.task
    equal = task.balance.generated == "equal"
    least = 2 * len(task.words) if equal else LEAST_REFERENCE
    if task.reference < least:
        raise ValueError(
            f"task.reference: {task.reference} is too few; allowed: {least} or more, half of them "
            "to compare with and half for the noise floor"
            + (f", each of {len(task.words)} labels in both" if equal else "")
        )


def folds_have_replicates(study: "Study") -> None:
    """In folds every row is tested as often, and no replicate has text of another."""
    folds, count = study.task.test.folds, study.replicates.count
    if not folds:
        return
    if count % folds:
        raise ValueError(
            f"replicates.count: {count}; allowed with task.test.folds = {folds}: multiples of "
            f"{folds}, since replicate r tests on fold r"
        )
    if "generated" in study.replicates.share:
        raise ValueError(
            "replicates.share: [generated], but with task.test.folds the generator of replicate 0 "
            "saw rows that other replicates test on; allowed: []"
        )


def derived_sets_have_equal_labels(study: "Study") -> None:
    """Paraphrases and selections take as many rows of each label."""
    for name in study.generate.pipelines:
        pipeline = study.pipelines[name]
        equal = isinstance(pipeline, ParaphrasePipeline | SelectionPipeline)
        if equal and study.task.balance.generated == "natural":
            raise ValueError(
                f"task.balance.generated: natural, but pipelines.{name} is of dial "
                f"{pipeline.dial}, whose labels are equal; allowed beside it: equal"
            )


def paraphrases_fit(study: "Study") -> None:
    """A set has room for the paraphrases of its sources."""
    n, classes = study.generate.n, len(study.task.words)
    for name in study.generate.pipelines:
        pipeline = study.pipelines[name]
        if not isinstance(pipeline, ParaphrasePipeline):
            continue
        counts = {level: pipeline.levels[level].sources for level in study.generate.levels}
        real = pipeline.source == "real"
        if real:
            room = min(n // pipeline.paraphrases, study.designs.largest)
        else:  # the sources stay in the set
            room = (n - max(counts.values())) // pipeline.paraphrases
        for level, sources in counts.items():
            if sources % classes or sources > room:
                raise ValueError(
                    f"pipelines.{name}.levels.{level}.sources: {sources}; allowed: multiples "
                    f"of {classes} up to {room} (generate.n is {n}, each source has "
                    f"{pipeline.paraphrases} paraphrases"
                    + (
                        f", and the largest of designs.real is {study.designs.largest})"
                        if real
                        else ")"
                    )
                )


def shares_of_generators_are_whole(study: "Study") -> None:
    """A set of several generators has as many rows of each."""
    n, classes = study.generate.n, len(study.task.words)
    for name in study.generate.pipelines:
        pipeline = study.pipelines[name]
        if not isinstance(pipeline, SourcesPipeline):
            continue
        if "mixed" in study.generators:
            raise ValueError("generators.mixed: sets of several generators have this name")
        for level in study.generate.levels:
            count = len(pipeline.levels[level].generators)
            if n % (count * classes):
                raise ValueError(
                    f"pipelines.{name}.levels.{level}.generators: {count} equal shares of "
                    f"generate.n = {n} rows with {classes} labels are no whole numbers"
                )


def rows_of_mixes_fit(study: "Study") -> None:
    """A mix has whole numbers of rows, and no more generated ones than a set."""
    n = study.generate.n
    for mix in study.designs.mixes(n):
        generated = mix.n_generated
        if generated > n or abs(generated - round(generated)) > 1e-9:
            raise ValueError(
                f"designs.{mix.key}: {generated:g} generated rows beside {mix.n_real} real ones; "
                f"allowed: whole numbers up to generate.n = {n} generated rows"
            )


def passes_over_real_rows_are_of_one_baseline(study: "Study") -> None:
    """With regime real_passes a mix has one number of real rows that it is compared with."""
    regimes = {
        name: model.regime
        for name, model in study.downstream.items()
        if isinstance(model, FineTuned)
    }
    by_passes = [name for name, regime in regimes.items() if regime == "real_passes"]
    baselines: dict[tuple[int, float], int] = {}
    for mix in study.designs.mixes(study.generate.n) if by_passes else ():
        first = baselines.setdefault((mix.n_real, mix.n_generated), mix.baseline)
        if mix.n_real and first != mix.baseline:
            raise ValueError(
                f"downstream.{by_passes[0]}.regime: real_passes, but the mix of {mix.n_real} real "
                f"and {mix.n_generated:g} generated rows is compared with {first} and with "
                f"{mix.baseline} real rows (designs.{mix.key}); allowed: other sizes in one design"
            )


def mixes_of_a_model_exist(study: "Study") -> None:
    """A downstream model that is trained on some mixes names such as the designs have."""
    mixes: list[dict[str, Any]] = [
        {"designs": m.design, "real": m.n_real, "generated": round(m.n_generated), "levels": level}
        for m in study.designs.mixes(study.generate.n)
        for level in study.generate.levels
    ]
    for name, model in study.downstream.items():
        chosen = model.mixes.model_dump(exclude_none=True)
        for key, values in chosen.items():
            known(f"downstream.{name}.mixes.{key}", values, sorted({mix[key] for mix in mixes}))
        if chosen and not any(model.mixes.hold(**mix) for mix in mixes):
            raise ValueError(
                f"downstream.{name}.mixes: {chosen} fit no mix of `designs` together; allowed: "
                "values that one mix has"
            )


def generators_to_compare_are_several(study: "Study") -> None:
    """Design `sources` has two generators or more, a set of several counted as another."""
    pipelines = [study.pipelines[name] for name in study.generate.pipelines]
    several = any(isinstance(pipeline, SourcesPipeline) for pipeline in pipelines)
    if study.designs.sources and len(study.generate.generators) + several < 2:
        raise ValueError(
            f"designs.sources: compares generators, but generate.generators names "
            f"{len(study.generate.generators)}; allowed: two or more"
        )


CHECKS: tuple[Callable[["Study"], None], ...] = (
    generators_are_complete,
    templates_of_pipelines_show_known_fields,
    downstream_models_are_complete,
    embedders_are_models,
    measure_by_a_judge_has_its_judge,
    dials_fit_the_task,
    filters_fit_the_task,
    what_is_generated_is_defined,
    filling_stands_alone,
    *CHECKS_OF_ALTERNATIVES,
    models_of_curation_are_defined,
    curation_of_pipelines_is_defined,
    bases_of_derived_pipelines_are_defined,
    levels_are_defined,
    values_occur_once,
    loop_starts_from_a_set,
    generators_of_a_loop_can_be_tuned,
    names_of_a_loop_are_free,
    schemes_of_a_loop_occur_once,
    verified_rounds_have_a_judge,
    rows_of_a_loop_fit,
    reference_has_two_halves,
    folds_have_replicates,
    derived_sets_have_equal_labels,
    paraphrases_fit,
    shares_of_generators_are_whole,
    rows_of_mixes_fit,
    passes_over_real_rows_are_of_one_baseline,
    mixes_of_a_model_exist,
    generators_to_compare_are_several,
    judge_of_answers_is_another_model,
)
