"""All comparisons of a study, one after the other."""

from collections.abc import Iterable, Mapping
from importlib import import_module

import polars as pl

from mixtura.infer.findings import findings
from mixtura.infer.hypotheses import hypotheses
from mixtura.infer.label_gains import label_gains
from mixtura.infer.replicates import mean_of_draws, sum_of_replicates
from mixtura.infer.results import Results, StudyTables
from mixtura.infer.settings import FindingsSettings
from mixtura.infer.surface.table import surface_table


def study_results(
    study: StudyTables,
    settings: FindingsSettings,
    sizes: Mapping[str, int],
    perplexity: Iterable[tuple[tuple[str, str, str], pl.DataFrame]] = (),
    items: pl.DataFrame | None = None,
) -> Results:
    """Every comparison of a study.

    sizes has the parameters of each model that has any. perplexity has for each set of a loop
    (generator, pipeline, level) and replicate the columns of `mixtura.train.tables.Perplexity`;
    items are scores of lm-eval, columns of `mixtura.train.tables.LmEvalItems`. Raises ValueError as
    `mixtura.infer.findings.findings` does.
    """
    predictions, arms, diversity, shift = study
    metrics, seed, least = settings.metrics, settings.seed, settings.smallest_gain
    table = findings(predictions, arms, metrics, seed, smallest_gain=least)
    results = Results(
        findings=table,
        hypotheses=hypotheses(*study, table, metrics, sizes, settings.lengths, seed=seed),
        surface=surface_table(predictions, arms, diversity, metrics[0], least, seed),
        labels=label_gains(predictions, arms, settings.labels, seed),
    )
    # Imported by name: a change of their code reruns nothing in a study without a loop or lm-eval.
    if settings.rounds:
        collapse_table = import_module("mixtura.infer.loop").collapse_table
        panels, texts = map(mean_of_draws, (diversity, shift)), sum_of_replicates(perplexity)
        rounds = collapse_table(settings.rounds, table, *panels, texts)
        results = results._replace(collapse=rounds)
    if items is not None:
        task_findings = import_module("mixtura.infer.lm_eval").task_findings
        tasks = task_findings(items, arms, seed, smallest_gain=least)
        results = results._replace(lm_eval_findings=tasks)
    return results
