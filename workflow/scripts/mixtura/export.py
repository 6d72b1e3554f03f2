"""Data sets to hand on: rows beside a card that says what they are, and what they are not.

A folder holds data/train.parquet and README.md, which `datasets.load_dataset` reads as they lie.
Cards follow the dataset cards of the Hugging Face Hub: a YAML header, then Markdown.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl
import yaml

from mixtura.stats import NO_GAIN, recommend, without_loop
from mixtura.words import interval, markdown_table, measure_name

CATEGORIES = {
    "classification": "text-classification",
    "qa": "question-answering",
    "instruction": "text-generation",
    "text": "text-generation",
}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
READ = 200  # rows that the language is told from
Told = Mapping[str, Any]


def own_columns(rows: pl.DataFrame, data: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The columns that the real rows `data` have, and `source` where there is one.

    How a row was generated goes, and so does the constant label of a task without labels.
    """
    kept = [name for name in data.columns if name != "label" or kind == "classification"]
    return rows.select(*kept, *(["source"] if "source" in rows.columns else []))


def best_mix(findings: pl.DataFrame, metric: str) -> dict[str, Any]:
    """What `recommend` says for any model and number of real rows.

    Where nothing beats real data alone, `arm` is the largest number of real rows alone and
    `sentence` is NO_GAIN.
    """
    alone = findings.filter(design="real-only").sort("n_real", "arm").row(-1, named=True)
    none: dict[str, Any] = {"sentence": NO_GAIN, "arm": None, "comparisons": 0}
    compared = without_loop(findings)["baseline"].drop_nulls().len()
    best = recommend(findings, metric=metric) if compared else none
    return {**best, "arm": alone["arm"]} if best["arm"] is None else best


def card(
    name: str,
    rows: pl.DataFrame,
    study: Told,
    made: Told | None,
    provenance: Mapping[str, Told],
    tables: Mapping[str, pl.DataFrame],
    best: Told | None = None,
) -> str:
    """README.md of one data set: YAML header and Markdown.

    `study` and `made` come from `Plan.export_settings`; made is None for real rows alone.
    `provenance` maps a model to what its provenance.json holds, `tables` has diversity, shift and
    curation. `best` comes from `best_mix` if this is the recommended mix.
    """
    writers = _writers(made, provenance) if made else {}
    real = best is not None and (made is None or bool(best["n_real"]))
    licences = {writer["licence"] for writer in writers.values()}
    licences |= {study["data"]["licence"]} if real else set()
    tags = ["mixtura"] + ["synthetic", "llm-generated"] * bool(made)
    header = {
        "pretty_name": f"{study['study']}: {name}",
        "task_categories": [CATEGORIES[study["kind"]]],
        "language": [language(rows["text"])],
        "license": _licence_id(licences),
        "size_categories": [size_category(rows.height)],
        "tags": tags + ["recommended"] * bool(best and made),
    }
    parts = [
        "---\n" + yaml.safe_dump(header, sort_keys=False) + "---",
        f"# {escaped(str(header['pretty_name']))}",
        _what(rows, study),
        *([_advice(best)] if best else []),
        *(_made_text(study, made, writers, tables) if made else []),
        *([_real_text(study["data"])] if real else []),
        _limits(study, bool(made), real),
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
    plain = html.escape(" ".join(text.split()), quote=False)
    return re.sub(r"([\\`*_{}\[\]()#|!~])", r"\\\1", plain)


def _writers(made: Told, provenance: Mapping[str, Told]) -> dict[str, dict[str, str]]:
    """Origin and licence of each generator that wrote rows."""
    found = {}
    for name, generator in made["generators"].items():
        about = provenance.get(generator.get("model"), {})
        path = str(about.get("path") or "").rstrip("/").rsplit("/", 1)[-1]  # no place on a machine
        served = generator.get("openai", {}).get("model")
        origin = about.get("package") or about.get("hub") or path or served or "unknown"
        found[name] = {"origin": origin, "licence": about.get("licence") or "unknown"}
    return found


def _what(rows: pl.DataFrame, study: Told) -> str:
    told = [f"{rows.height} rows ({escaped(study['noun'])}) of a study by Mixtura."]
    for column in ("source", "label"):
        if column in rows.columns:
            counts = rows[column].value_counts().sort(column).rows()
            told.append(f"{column}: {', '.join(f'{n} {escaped(word)}' for word, n in counts)}.")
    told.append(f"Columns: {', '.join(escaped(column) for column in rows.columns)}.")
    told.append("The language of the header is what py3langid takes the text for.")
    load = '```python\ndatasets.load_dataset("FOLDER")\n'
    load += 'polars.read_parquet("FOLDER/data/train.parquet")\n```'
    return f"{' '.join(told)}\n\n{load}"


def _advice(best: Told) -> str:
    if best["sentence"] == NO_GAIN:
        return (
            f"**{NO_GAIN}** Of {best['comparisons']} comparisons none is better after correction, "
            "so these are the real rows alone."
        )
    return (
        f"**This is the mix that the study recommends.** {escaped(best['sentence'])} Measured by "
        f"fine-tuning {escaped(best['model'])} on {best['n_generated']} generated and "
        f"{best['n_real']} real rows: {best['seeds']} seeds, {best['n']} test rows. Better "
        f"than real data alone: {best['alternatives'] + 1} of {best['comparisons']} comparisons. "
        "The rows are those of the first seed."
    )


def _made_text(
    study: Told, made: Told, writers: Told, tables: Mapping[str, pl.DataFrame]
) -> list[str]:
    own = {name: table.filter(**made["set"]) for name, table in tables.items()}
    cells = [[escaped(text) for text in (name, *about.values())] for name, about in writers.items()]
    settings = {key: made[key] for key in ("set", "generators", "pipelines", "curation")}
    settings |= {"n": study["n"], "seed": study["seed"]}
    return [
        "## How the generated rows were made",
        f"Pipeline {escaped(made['set']['pipeline'])}, level {made['set']['level']} of D0 (least "
        "diverse) to D6. Written by:",
        markdown_table(["generator", "model", "licence"], cells),
        # JSON puts every line break into a string, so that no text can close this block
        f"```json\n{json.dumps(settings, indent=1, sort_keys=True)}\n```",
        "## What curation removed",
        _removed(own["curation"]),
        "## Diversity of the set",
        _scores(own["diversity"]),
        "## Shift of the set from real text",
        "The noise floor is the same measure between real and held-out real text.",
        _scores(own["shift"]),
    ]


def _removed(counts: pl.DataFrame) -> str:
    gone = counts.filter(pl.col("removed") > 0).select("stage", "reason", "removed")
    cells = [[escaped(str(cell or "")) for cell in row] for row in gone.rows()]
    return markdown_table(["step", "reason", "rows"], cells) if cells else "Nothing."


def _scores(table: pl.DataFrame) -> str:
    """Values with 95 % intervals."""
    floor = "floor" in table.columns
    cells = []
    for row in table.iter_rows(named=True):
        told = [measure_name(row["measure"], row["settings"]), row["embedder"]]
        told.append(interval(row["value"], row["low"], row["high"]))
        if floor:
            told.append(interval(row["floor"], row["floor_low"], row["floor_high"]))
        cells.append([escaped(str(cell)) for cell in (*told, row["n"])])
    heads = ["measure", "embedder", "value", *(["noise floor"] if floor else []), "n"]
    return markdown_table(heads, cells) if cells else "Not measured."


def _real_text(data: Told) -> str:
    return (
        f"## Where the real rows are from\n\n{escaped(data['name'])}; licence: "
        f"{escaped(data['licence'])}. None of them is a test row of the study."
    )


def _limits(study: Told, generated: bool, real: bool) -> str:
    told = [
        "## Intended use and limits\n\nFor fine-tuning models on this task, and for studying how "
        "the diversity of training text matters. Not for evaluation."
    ]
    if generated:
        told.append(
            "Generated text can be wrong, biased or offensive, and repeats what its generator "
            "learnt. Nobody read it; its labels and answers are those that the prompt asked for. "
            "Generators were shown real rows, and what they write may resemble those. The licence "
            "of a generator may limit what its text is used for."
        )
        told.append(
            "Rows that resemble the study's test rows are removed by the step decontaminate, where "
            "the curation above has it; other test sets were not looked at."
        )
    if real:
        told.append("The real rows stay under their own licence.")
    told.append(
        "What the study found holds for its models, its test rows and its numbers of rows; "
        f"seed {study['seed']}."
    )
    return " ".join(told)
