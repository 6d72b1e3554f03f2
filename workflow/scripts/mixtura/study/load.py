"""From the dictionary of a YAML file to a checked study."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from mixtura.generate.backends.families import sent_as
from mixtura.prepare.sizes import Sizes, TooFew, fold_counts, label_sizes, largest_sizes
from mixtura.study.base import ConfigError, listed
from mixtura.study.data import passages, rows_of_sides, rows_of_words, with_learnt_labels
from mixtura.study.errors import explain
from mixtura.study.pipelines import ContextPipeline
from mixtura.study.study import Study
from mixtura.study.task import KEYS, LABELLED

SHOWN = 12  # labels whose rows a message counts


def load_study(config: dict[str, Any]) -> Study:
    """Check a configuration and fill in the defaults.

    Raises ConfigError: one line for each wrong key with its value and what is allowed.
    """
    config = with_learnt_labels(config)
    try:
        study = Study.model_validate(config)
    except ValidationError as error:
        raise ConfigError("\n".join(explain(detail) for detail in error.errors())) from None
    check_supply(study)
    check_shifted(study)
    check_contexts(study)
    check_temperatures(study)
    check_several(study)
    return study


def retype(config: dict[str, Any], overrides: Mapping[str, Any]) -> None:
    """Read again what `--config` sets inside lists and mappings, which Snakemake leaves as text.

    `overrides` are the values of `--config`, which `config` has already.
    """
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            inner = config.get(key)
            if isinstance(inner, dict):
                retype(inner, value)
                inner.update({k: yaml.safe_load(v) for k, v in value.items() if isinstance(v, str)})
        elif isinstance(value, list) and key in config:
            config[key] = [yaml.safe_load(v) if isinstance(v, str) else v for v in value]


def check_temperatures(study: Study) -> None:
    """Raise ConfigError where a dial turns the temperature of a model that takes none."""
    dials = [
        name for name in study.generate.pipelines if study.pipelines[name].dial == "temperature"
    ]
    for name in study.generate.generators if dials else ():
        server = study.generators[name].openai
        if server and not sent_as(server, "temperature"):
            raise ConfigError(
                f"pipelines.{dials[0]}.dial: 'temperature' changes nothing with generators.{name}: "
                f"{server.model} takes none"
            )


def check_several(study: Study) -> None:
    """Raise ConfigError where several texts are asked for in one answer that can hold one alone."""
    for pipeline in study.generate.pipelines:
        if study.pipelines[pipeline].dial != "several":
            continue
        if study.task.kind not in (*LABELLED, "text"):
            raise ConfigError(
                f"pipelines.{pipeline}.dial: 'several' is for task.kind {', '.join(LABELLED)} or "
                f"text, not {study.task.kind}"
            )
        for name in study.generate.generators:
            if study.generators[name].format != "chat":
                raise ConfigError(
                    f"pipelines.{pipeline}.dial: 'several' needs generators.{name}.format: chat"
                )


def check_contexts(study: Study) -> None:
    """Raise ConfigError where a level asks about more passages than the examples can hold."""
    real = study.designs.largest
    there = passages(study.task)
    most = real if there is None else min(real, there)
    for name in study.generate.pipelines:
        pipeline = study.pipelines[name]
        if not isinstance(pipeline, ContextPipeline):
            continue
        for level in study.generate.levels:
            if (wanted := pipeline.levels[level].contexts) > most:
                raise ConfigError(
                    f"pipelines.{name}.levels.{level}.contexts: {wanted}; allowed: up to {most}, "
                    f"for generators see {real} real rows (the largest of designs.real)"
                    + (f" of {there} passages in task.data" if there is not None else "")
                )


def check_shifted(study: Study) -> None:
    """Raise ConfigError where a shifted test set has the name of the test, or too few rows."""
    for name, data in study.task.shifted.items():
        key = f"task.shifted.{name}"
        if name == "test":
            raise ConfigError(f"{key}: this is the name of the task's own test split")
        counts = rows_of_words(study.task, data, key)
        if counts is not None:
            sizes: Sizes = {"task.shifted_rows": (study.task.shifted_rows, study.task.balance.test)}
            check_sizes(key, counts, sizes)


def check_supply(study: Study) -> None:
    """Raise ConfigError where data have too few rows for the splits that are drawn from them."""
    task, balance = study.task, study.task.balance
    counts = rows_of_sides(task)
    wanted: Sizes = {
        "task.test": (task.test.rows or 0, balance.test),
        "task.development": (task.development.rows or 0, balance.test),
        "task.reference": (task.reference, balance.generated),
        "the most real rows of designs": (study.designs.largest, balance.real),
    }
    sections = {
        "test": "task.test",
        "development": "task.development",
        "unlabelled": "task.reference",
    }
    for side in task.sides:
        if side in counts:
            check_sizes(KEYS[side], counts[side], {sections[side]: wanted[sections[side]]})
    rest = {
        name: part for name, part in wanted.items() if name not in {sections[s] for s in task.sides}
    }
    if "data" not in counts:
        return
    copied = listed(KEYS[side] for side in ("test", "development") if side in counts)
    key = f"task.data (without near-copies of {copied})" if copied else "task.data"
    check_sizes(key, counts["data"], rest)
    for fold in fold_counts(counts["data"], task.test.folds) if task.test.folds else ():
        left = {word: rows - fold[word] for word, rows in counts["data"].items()}
        check_sizes(f"task.data without a fold of {task.test.folds}", left, rest)


def check_sizes(key: str, counts: dict[str, int], sizes: Sizes) -> None:
    """Raise ConfigError with the largest sizes that fit, where `sizes` do not.

    `key` is that of the data, `counts` their rows of each word.
    """
    sizes = {name: part for name, part in sizes.items() if part[0]}
    try:
        label_sizes(counts, sizes)
    except TooFew as error:
        wanted = listed(f"{name} {size}" for name, (size, _) in sizes.items())
        fitting = listed(f"{name} {size}" for name, size in largest_sizes(counts, sizes).items())
        some = listed(f"{rows} {word}" for word, rows in list(counts.items())[:SHOWN])
        some += ", ..." if len(counts) > SHOWN else ""
        labelled = len(counts) > 1
        raise ConfigError(
            f"{key}: {error}. There are {sum(counts.values())} rows"
            f"{f' ({some})' if labelled else ''}; wanted are {wanted}. In these proportions the "
            f"largest that fit are {fitting}"
            f"{'; task.balance says which have equal labels' if labelled else ''}"
        ) from None
