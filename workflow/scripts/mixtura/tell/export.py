"""Data sets to hand on: rows beside a card that says what they are, and what they are not.

A folder holds data/train.parquet and README.md, which `datasets.load_dataset` reads as they lie.
Cards follow the dataset cards of the Hugging Face Hub: a YAML header, then Markdown.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import yaml

from mixtura.core.wording import interval, markdown_table, measure_name, visible
from mixtura.infer.parts import mixes_alone
from mixtura.infer.recommend import Recommendation, recommend
from mixtura.tell.settings import DataSource, SetRecipe, StudyFacts

CATEGORIES = {
    "classification": "text-classification",
    "qa": "question-answering",
    "instruction": "text-generation",
    "text": "text-generation",
}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
READ = 200  # rows that the language is told from


def task_columns(rows: pl.DataFrame, data: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The columns that the real rows `data` have, and `source` where there is one.

    How a row was generated goes, and so does the constant label of a task without labels.
    Generated rows lack `messages`.
    """
    names = [name for name in data.columns if name != "label" or kind == "classification"]
    return rows.select(name for name in [*names, "source"] if name in rows.columns)


def best_mix(findings: pl.DataFrame, metric: str) -> Recommendation:
    """What `recommend` says for any model and number of real rows.

    Where no mix is recommended, `arm` is the largest number of real rows alone, of no level.
    """
    alone = findings.filter(design="real-only").sort("n_real", "arm").row(-1, named=True)
    compared = mixes_alone(findings)["baseline"].drop_nulls().len()
    none = Recommendation(0, "The study compares no mix with real data alone.")
    best = recommend(findings, metric=metric) if compared else none
    return replace(best, arm=alone["arm"]) if best.arm is None else best


def card(
    name: str,
    rows: pl.DataFrame,
    study: StudyFacts,
    recipe: SetRecipe | None,
    provenance: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, pl.DataFrame],
    best: Recommendation | None = None,
) -> str:
    """README.md of one data set: YAML header and Markdown.

    `recipe` is None for real rows alone.
    `provenance` maps a model to what its provenance.json holds, `tables` has diversity, shift and
    curation. `best` comes from `best_mix` if this is the recommended mix.
    """
    writers = _writers(recipe, provenance) if recipe else {}
    real = best is not None and (recipe is None or bool(best.n_real))
    licences = {writer["licence"] for writer in writers.values()}
    licences |= {study.data.licence} if real else set()
    tags = ["mixtura"] + ["synthetic", "llm-generated"] * bool(recipe)
    header = {
        "pretty_name": f"{study.study}: {name}",
        "task_categories": [CATEGORIES[study.kind]],
        "language": [language(rows["text"])],
        "license": _licence_id(licences),
        "size_categories": [size_category(rows.height)],
        "tags": tags + ["recommended"] * bool(best and recipe),
    }
    parts = [
        "---\n" + yaml.safe_dump(header, sort_keys=False) + "---",
        f"# {escaped(str(header['pretty_name']))}",
        _what(rows, study),
        *([_advice(best)] if best else []),
        *(_recipe_text(study, recipe, writers, tables) if recipe else []),
        *([_real_text(study.data)] if real else []),
        _limits(study, bool(recipe), real),
    ]
    return "\n\n".join(parts) + "\n"


def language(texts: pl.Series) -> str:
    """ISO 639-1 code of the language that py3langid takes the first texts for, read as one."""
    from py3langid import classify

    return str(classify("\n".join(texts.head(READ)))[0])


def _licence_id(licences: set[str]) -> str:
    """The hub's name of a licence: "other" for several, or for a text that is no name."""
    name = "+".join(licences).lower()
    return name if re.fullmatch(r"[a-z0-9.-]+", name) else "other"


def size_category(rows: int) -> str:
    """The hub's name for a number of rows."""
    return next((name for limit, name in SIZES if rows < limit), "n>1M")


def escaped(text: str) -> str:
    """Text of one line that Markdown shows as it is: neither markup nor HTML."""
    plain = html.escape(visible(" ".join(text.split())), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#|!~])", r"\\\1", plain)


def _writers(
    recipe: SetRecipe, provenance: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    """Origin and licence of each generator that wrote rows."""
    writers = {}
    for name, generator in recipe.generators.items():
        about = provenance.get(str(generator.get("model")), {})
        path = str(about.get("path") or "").rstrip("/").rsplit("/", 1)[-1]  # no place on a machine
        server: Any = generator.get("openai", {})
        origin = (
            about.get("package") or about.get("hub") or path or server.get("model") or "unknown"
        )
        writers[name] = {"origin": origin, "licence": about.get("licence") or "unknown"}
    return writers


def _what(rows: pl.DataFrame, study: StudyFacts) -> str:
    sentences = [f"{rows.height} rows ({escaped(study.noun)}) of a study by Mixtura."]
    for column in ("source", "label"):
        if column in rows.columns:
            counts = rows[column].value_counts().sort(column).rows()
            sentences.append(
                f"{column}: {', '.join(f'{n} {escaped(word)}' for word, n in counts)}."
            )
    sentences.append(f"Columns: {', '.join(escaped(column) for column in rows.columns)}.")
    sentences.append("The language of the header is what py3langid takes the text for.")
    load = '```python\ndatasets.load_dataset("FOLDER")\n'
    load += 'polars.read_parquet("FOLDER/data/train.parquet")\n```'
    return f"{' '.join(sentences)}\n\n{load}"


def _advice(best: Recommendation) -> str:
    if not best.level:
        return (
            f"**{escaped(best.sentence)}** So these are the real rows alone "
            f"({best.comparisons} comparisons)."
        )
    return (
        f"**This is the mix that the study recommends.** {escaped(best.sentence)} Measured by "
        f"fine-tuning {escaped(best.model)} on {best.n_generated} generated and "
        f"{best.n_real} real rows: {best.replicates} replicates of {best.seeds} seeds, {best.n} "
        f"test rows. It is shown to gain, as {best.alternatives} others of {best.comparisons}. "
        "The rows are those of the first seed."
    )


def _recipe_text(
    study: StudyFacts,
    recipe: SetRecipe,
    writers: Mapping[str, Mapping[str, str]],
    tables: Mapping[str, pl.DataFrame],
) -> list[str]:
    parts = {name: table.filter(**recipe.set.model_dump()) for name, table in tables.items()}
    cells = [[escaped(text) for text in (name, *about.values())] for name, about in writers.items()]
    settings = recipe.model_dump(mode="json") | {"n": study.n, "seed": study.seed}
    return [
        "## How the generated rows were made",
        f"Pipeline {escaped(recipe.set.pipeline)}, level {recipe.set.level} of D0 (least "
        "diverse) to D6. Written by:",
        markdown_table(["generator", "model", "licence"], cells),
        # JSON puts every line break into a string, so that no text can close this block
        f"```json\n{json.dumps(settings, indent=1, sort_keys=True)}\n```",
        "## What curation removed",
        _removed(parts["curation"]),
        "## Diversity of the set",
        _scores(parts["diversity"]),
        "## Shift of the set from real text",
        "The noise floor is the same measure between two halves of the real text; z is how many of "
        "its standard deviations the value lies above it.",
        _scores(parts["shift"]),
    ]


def _removed(counts: pl.DataFrame) -> str:
    steps = counts.filter(pl.col("removed") > 0).select("stage", "reason", "removed")
    cells = [[escaped(str(cell or "")) for cell in row] for row in steps.rows()]
    return markdown_table(["step", "reason", "rows"], cells) if cells else "Nothing."


def _scores(table: pl.DataFrame) -> str:
    """Values with 95 % intervals."""
    floor = "floor" in table.columns
    cells = []
    for row in table.iter_rows(named=True):
        values = [measure_name(row["measure"], row["settings"]), row["embedder"]]
        values.append(interval(row["value"], row["low"], row["high"]))
        if floor:
            values.append(interval(row["floor"], row["floor_low"], row["floor_high"]))
            values.append("" if row["z"] is None else f"{row['z']:.1f}")
        cells.append([escaped(str(cell)) for cell in (*values, row["n"])])
    heads = ["measure", "embedder", "value", *(["noise floor", "z"] if floor else []), "n"]
    return markdown_table(heads, cells) if cells else "Not measured."


def _real_text(data: DataSource) -> str:
    return (
        f"## Where the real rows are from\n\n{escaped(data.name)}; licence: "
        f"{escaped(data.licence)}. None of them is a test row of the study."
    )


def _limits(study: StudyFacts, generated: bool, real: bool) -> str:
    sentences = [
        "## Intended use and limits\n\nFor fine-tuning models on this task, and for studying how "
        "the diversity of training text matters. Not for evaluation."
    ]
    if generated:
        sentences.append(
            "Generated text can be wrong, biased or offensive, and repeats what its generator "
            "learnt. Nobody read it; its labels and answers are those that the prompt asked for. "
            "Generators were shown real rows, and what they write may resemble those. The licence "
            "of a generator may limit what its text is used for."
        )
        sentences.append(
            "Rows that resemble the study's test rows are removed by the step decontaminate, where "
            "the curation above has it; other test sets were not looked at."
        )
    if real:
        sentences.append("The real rows stay under their own licence.")
    sentences.append(
        "What the study found holds for its models, its test rows and its numbers of rows; "
        f"seed {study.seed}."
    )
    return " ".join(sentences)
