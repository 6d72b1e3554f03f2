"""A first configuration for a file: what its columns are, sizes that fit, embedded models."""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mixtura.prepare.guess import Guess
from mixtura.prepare.rows import EMPTY
from mixtura.prepare.settings import Proportion
from mixtura.prepare.sizes import fold_counts, largest_sizes
from mixtura.study.task import LABELLED

LISTED = 40  # labels that are written down; more are learnt from the file at every start
FEW = 600  # rows below which a test set of its own would be small: folds test on each of them
FOLDS = 5
WHY = " # few rows: each is a test row once, replicate r tests on fold r"
EVEN = 1.5  # rows of the most frequent label to those of the rarest, up to which labels are even

HEAD = """\
# Made by `mixtura init`; every key is explained in config/README.md. Models are embedded ones.
study: {name}

task:
  name: {name}
  kind: {kind}
  data: {data}
  language: {language} # of the texts, ISO 639-1
{labels}\
  balance: {balance} # proportions of labels
  test: {test}{why}
  reference: {reference} # real rows that only the measures see

models:
  smollm2: {{package: smollm2-135m-instruct}}
  minilm: {{package: all-minilm-l6-v2}}

generators:
  smollm2:
    model: smollm2
    shots: 2
    batch_size: 32
    sampling: {{temperature: 0.9, min_p: 0.05, max_new_tokens: {tokens}}}

pipelines:
{pipeline}
generate:
  generators: [smollm2]
  pipelines: [{dial}]
  levels: [D0, D6]
  n: {n} # rows of each level
  overgenerate: 2
  cap: 10
  shard: 64

embedders: [minilm]

diversity:
  measures: [dcscore, vendi_score, distinct_n]

shift:
  measures: [mmd_test, nearest_real_distance]

designs:
  real: [{real}] # real rows of a mix
  mix-add: {{ratios: [1, 2]}} # generated rows per real one

downstream:
{downstream}
replicates: {replicates}
seeds: [0]
"""
TOPICS = """\
  topic:
    dial: topic # more topics are more diverse
    curation: exact
    levels:
      D0: {topics: 1}
      D6: {topics: 12}
"""
PASSAGES = """\
  context:
    dial: context # questions about more passages are more diverse
    curation: exact
    levels:
      D0: {{contexts: 1}}
      D6: {{contexts: {contexts}}}
"""
ENCODER = """\
  minilm:
    model: minilm
    steps: 20
    batch_size: 16
    learning_rate: 1.0e-3
    freeze: 4
"""
CAUSAL = """\
  smollm2:
    kind: causal-lm
    model: smollm2
    lora: {rank: 8}
    steps: 16
    batch_size: 4
    learning_rate: 1.0e-3
    max_length: 256
    max_new_tokens: 24
"""


def first_study(
    source: Mapping[str, str],
    guess: Guess,
    counts: Mapping[str, int],
    contexts: int = 0,
    left_out: Collection[str] = (),
    language: str = "en",
    labels: Mapping[str, str] = {},
) -> str:
    """The YAML of a first study of a file; `source` says which, and in which encoding.

    `counts` are the rows of each label, of one where there are none or a row has several;
    `contexts` the different passages; `left_out` is why rows are left out;
    `language` is a code of ISO 639-1; `labels` are values of the file with their words. Raises
    ValueError where the rows are too few for any study.
    """
    even = max(counts.values()) <= EVEN * min(counts.values())
    sizes = fitting_sizes(counts, "equal" if even else "natural", bool(contexts))
    natural = {"test": "natural", "real": "natural", "generated": "natural"}
    labelled = guess.kind in LABELLED
    columns = {field: column for field, column in guess.columns.items() if column != field}
    separator = {"label_separator": guess.label_separator} if guess.label_separator != "," else {}
    dial = "context" if guess.kind == "qa" else "topic"
    return HEAD.format(
        name=safe_name(Path(source["path"]).name.split(".")[0]),
        kind=guess.kind,
        data=_flow({**source, **columns, **separator}),
        language=json.dumps(language),  # or Norwegian, no, were false
        labels=(
            f"  labels: {_flow(labels)} # value in the file -> word in prompts\n"
            * (0 < len(labels) <= LISTED)
        )
        + "  other_labels: leave-out\n" * ("with other labels" in left_out)
        + "  empty_texts: leave-out\n" * (EMPTY in left_out),
        balance=_flow({} if even else natural),
        tokens=48 if labelled or guess.kind == "qa" else 96,
        pipeline=TOPICS if dial == "topic" else PASSAGES.format(contexts=max(2, contexts // 8)),
        dial=dial,
        n=2 * sizes["real"],
        downstream=ENCODER if labelled else CAUSAL,
        replicates=sizes["folds"] or 3,
        test=_flow({"folds": sizes["folds"]}) if sizes["folds"] else sizes["test"],
        why=WHY * bool(sizes["folds"]),
        reference=sizes["reference"],
        real=sizes["real"],
    )


def fitting_sizes(
    counts: Mapping[str, int], balance: Proportion, grouped: bool = False
) -> dict[str, int]:
    """Sizes of test, reference and the real rows of a mix; half of the pool is in no mix.

    `folds` is how many there are, 0 where the test rows stay. `grouped`: rows of one passage stand
    on one side, so that some are lost. Raises ValueError where they are too few.
    """
    rows = sum(counts.values())
    folds = FOLDS if rows < FEW and not grouped else 0
    left = dict(counts)
    if folds:
        largest = {
            label: max(fold[label] for fold in fold_counts(counts, folds)) for label in counts
        }
        left = {label: rows - largest[label] for label, rows in counts.items()}
    part = sum(left.values()) // (2 if folds else 4 if grouped else 3)
    wanted: dict[str, tuple[int, Proportion]] = {
        "test": (0 if folds else min(1000, part), "natural"),
        "reference": (min(512, part), balance),
        "pool": (min(512, part), balance),
    }
    sizes = largest_sizes(left, wanted)
    real = sizes.pop("pool") // 2
    if real < max(4, len(counts)):
        raise ValueError(
            f"{rows} rows of {len(counts)} labels are too few: a mix would have {real} real rows; "
            "merge labels that are rare, or collect more rows"
        )
    return {**sizes, "real": real, "folds": folds}


def safe_name(text: str) -> str:
    """A name for folders that resembles a text."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:40]
    return name if name and name != "splits" else "study"


def _flow(value: Any) -> str:
    """A value on one line of YAML: JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
