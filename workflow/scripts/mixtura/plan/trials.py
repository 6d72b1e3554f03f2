"""What `mixtura doctor` tries: keys, models, and a few tokens and steps of what a study names."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import polars as pl

from mixtura.plan.finetune import FinetunePlan
from mixtura.plan.machine import Check
from mixtura.plan.sets import Sets
from mixtura.plan.writers import engine_options, judge_model
from mixtura.prepare.sources import MODEL_PACKAGES
from mixtura.study.downstream import Probe
from mixtura.study.study import Study
from mixtura.train.settings import FinetuneSettings, Training

PROMPT = "Write a short sentence."
LATER = "tried once the model is here: `snakemake --until model`"
ROWS = 8  # made-up ones, which a tiny training reads


def key_checks(study: Study) -> Iterator[Check]:
    """Whether the keys of servers are set; they are not shown."""
    for name, generator in study.generators.items():
        if generator.openai and (key := generator.openai.key_env):
            words = f"{key} is set" if os.environ.get(key) else f"{key} is not set: export it"
            yield Check(f"generators.{name}.openai.key_env", words, bool(os.environ.get(key)))


def model_folder(study: Study, name: str) -> str | None:
    """Folder of a model that is here: fetched already, or a person's own."""
    fetched = Path(f"results/{study.study}/models/{name}")
    return str(fetched) if fetched.is_dir() else study.models[name].path


def model_checks(study: Study) -> Iterator[Check]:
    """Whether each model is here or can be fetched."""
    for name, source in study.models.items():
        what = f"models.{name}"
        if folder := model_folder(study, name):
            yield Check(what, f"in {folder}")
        elif source.package:
            package = MODEL_PACKAGES[source.package].requirement.partition("==")[0]
            command = [sys.executable, "-m", "pip", "index", "versions", package]
            exists = not subprocess.run(command, capture_output=True).returncode
            mend = f"pip finds no {package}: check the network and the index of pip"
            yield Check(what, f"package {package}, not fetched yet" if exists else mend, exists)
        elif source.hub:
            yield attempt(what, partial(_on_hub, source.hub, source.revision))


def _on_hub(name: str, revision: str | None) -> str:
    from huggingface_hub import HfApi

    return f"{name} at {HfApi().model_info(name, revision=revision, timeout=30).sha}"


def trial_checks(study: Study) -> Iterator[Check]:
    """A few tokens of each generator, an embedding of each embedder, a step of each training."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    for name in study.generators:
        yield _trial(study, f"generators.{name}", study.generators[name].model, _generation, name)
    for name in study.embedders:
        yield _trial(study, f"embedders: {name}", name, _embedding, name)
    for name, model in study.downstream.items():
        if not isinstance(model, Probe):
            yield _trial(study, f"downstream.{name}", model.model, _training, name)


def _trial(
    study: Study,
    what: str,
    model: str | None,
    run: Callable[[Study, str, str | None], str],
    name: str,
) -> Check:
    folder = model_folder(study, model) if model else None
    if model and folder is None:
        return Check(what, LATER)
    return attempt(what, partial(run, study, name, folder))


def attempt(what: str, run: Callable[[], str]) -> Check:
    """The check of something that is tried: what it returns and how long it took, or its error."""
    start = time.monotonic()
    try:
        words = run()
    except Exception as error:  # whatever a library raises: the doctor says it and goes on
        lines = str(error).strip().splitlines() or [""]
        return Check(what, f"{type(error).__name__}: {lines[0]}", False)
    return Check(what, f"{words}, {time.monotonic() - start:.0f} s")


def _generation(study: Study, name: str, folder: str | None) -> str:
    from mixtura.generate.backends import open_backend

    settings = judge_model(study, name)
    sampling = settings.sampling.model_copy(update={"max_new_tokens": 8})
    backend = open_backend(settings, folder, engine_options(study, name))
    (answer,) = backend.complete([PROMPT], sampling, [study.seed])
    if answer.fault:
        raise RuntimeError(f"{answer.fault} {answer.message}".strip())
    return f"{answer.new_tokens} tokens written"


def _embedding(study: Study, name: str, folder: str | None) -> str:
    from mixtura.measure.embed import embed
    from mixtura.measure.gradients import gradient_embeddings

    gradient = study.embeddings.kinds.get(name) == "gradient"
    encode = gradient_embeddings if gradient else embed
    return f"{encode([PROMPT], str(folder)).shape[1]} dimensions"


def _training(study: Study, name: str, folder: str | None) -> str:
    from mixtura.train.kinds import load_kind
    from mixtura.train.runs import Rows, Workplace

    sets = Sets(study)
    arm = next(name for name, arm in sets.arms.items() if arm.rows)
    wildcards = SimpleNamespace(arm=arm, model=name)
    settings = FinetuneSettings.from_json(FinetunePlan(sets).settings(wildcards))
    training = settings.training
    if isinstance(training, Training):
        short = {"steps": 1, "epochs": None, "search": None, "batch_size": ROWS}
        training = training.model_copy(update=short)
    elif "steps" in type(training).model_fields:
        training = training.model_copy(update={"steps": 1})
    settings = settings.model_copy(update={"training": training})
    rows = made_up_rows(study)
    test = rows.with_columns(test=pl.lit("test"))
    mix = rows.select("id", source=pl.lit("real"))
    file = getattr(study.downstream[name], "file", None)
    with tempfile.TemporaryDirectory() as resume:
        place = Workplace(folder, file, None, Path(resume), 60.0, lambda line: None)
        model, _ = load_kind(training.kind).fit(settings, Rows(mix, rows, rows, test), 0, place)
        predicted = model.predict(test).height
    return f"one step on {ROWS} made-up rows, {predicted} predicted"


def made_up_rows(study: Study) -> pl.DataFrame:
    """Canonical rows of the kind of task, labels in turn."""
    texts = [f"Sentence number {number} says something." for number in range(ROWS)]
    words, classes = study.task.words, study.task.classes
    rows = pl.DataFrame(
        {
            "id": [f"{number:016x}" for number in range(ROWS)],
            "text": texts,
            "label": [words[number % len(words)] for number in range(ROWS)],
        }
    )
    if study.task.kind == "multilabel":
        sets = [[classes[number % len(classes)]] for number in range(ROWS)]
        return rows.with_columns(labels=pl.Series(sets))
    if study.task.kind == "qa":
        answers = pl.Series("answers", [["something"]] * ROWS)
        return rows.with_columns(pl.Series("context", texts), answers, question=pl.lit("What?"))
    if study.task.kind == "instruction":
        return rows.with_columns(prompt=pl.lit("Say something."), response=pl.lit("Something."))
    return rows
