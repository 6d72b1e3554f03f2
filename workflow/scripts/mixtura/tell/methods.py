"""The methods of a study: a paragraph for a paper, and the BibTeX entries of what was used."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from mixtura.core.wording import listed_words
from mixtura.tell.verdicts import evidence

ALWAYS = ("zhu2025matters", "molder2021snakemake", "westfall1993resampling", "holm1979simple")
MEASURES = {  # measure -> key of its entry; the others have no paper of their own
    "vendi_score": "friedman2023vendi",
    "dcscore": "zhu2025dcscore",
    "novelsum": "yang2025novelsum",
    "distinct_n": "li2016diversity",
    "self_bleu": "zhu2018texygen",
    "mmd": "gretton2012kernel",
    "mmd_test": "gretton2012kernel",
    "c2st": "lopezpaz2017c2st",
    "prdc": "naeem2020reliable",
    "frechet_distance": "heusel2017gans",
    "mauve": "pillutla2021mauve",
    "energy_distance": "szekely2013energy",
}
BACKENDS = {"transformers": "wolf2020transformers", "vllm": "kwon2023vllm"}
ALTERNATIVES = {"eda": "wei2019eda", "back-translation": "sennrich2016improving"}

Section = Mapping[str, Any]  # of the configuration, as study.json has it


def methods_text(
    study: Section, findings: pl.DataFrame, curation: pl.DataFrame, versions: Mapping[str, str]
) -> str:
    """A paragraph with the numbers of the study, which is its configuration with all defaults.

    findings and curation are the tables; the latter says how many rows were removed.
    """
    return " ".join(
        [
            *_data(study, findings["n"][0]),
            *_generation(study),
            *_alternatives(study),
            _curation(curation),
            *_training(study),
            _measures(study),
            *(f"{_model(study, name)} judged {what}." for name, what in _judges(study)),
            _statistics(findings),
            f"Mixtura {versions.get('mixtura', '')} on Snakemake {versions.get('snakemake', '')}, "
            f"seed {study['seed']}.",
        ]
    )


def _data(study: Section, rows: int) -> Iterator[str]:
    task, real = study["task"], study["designs"]["real"]
    data = task["data"]
    source = data.get("package") or data.get("hub") or data.get("path")
    yield (
        f"The task is {task['name']} ({task['noun']}; {source}), with {rows} test rows, "
        f"{task['reference']} rows as reference of the measures, and {listed_words(real)} real "
        "labelled rows to train on."
    )
    count = study["replicates"]["count"]
    if count > 1:
        yield (
            f"Everything but test and reference rows was made anew in each of {count} replicates."
        )


def _generation(study: Section) -> Iterator[str]:
    generate = study["generate"]
    for name in generate["generators"]:
        writer = study["generators"][name]
        sampling = {key: value for key, value in writer["sampling"].items() if value is not None}
        settings = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in sampling.items())
        yield (
            f"Text was written by {_model(study, name)} ({writer['backend']}) after prompts that "
            f"show {writer['shots']} real rows; {settings}."
        )
    for name in generate["pipelines"]:
        pipeline = study["pipelines"][name]
        levels = (pipeline.get("levels") or {}) if isinstance(pipeline, dict) else {}
        steps = [
            f"{level}: {_setting(levels[level])}" for level in generate["levels"] if level in levels
        ]
        dial = pipeline.get("dial", "recuration")
        yield f"Pipeline {name} sets diversity by {dial} ({'; '.join(steps)})."
    yield f"A set has {generate['n']} rows after curation."


def _alternatives(study: Section) -> Iterator[str]:
    """What was tried in place of generated text."""
    alternatives = study["designs"].get("alternatives") or {}
    used = {name: section for name, section in alternatives.items() if isinstance(section, dict)}
    models = {
        name: _model(study, each["generator"]) for name, each in used.items() if name != "eda"
    }
    if "few-shot" in used:
        shots = used["few-shot"]["shots"]
        yield f"{models['few-shot']} labelled the test rows after {shots} real rows of each label."
    if "eda" in used:
        alpha = used["eda"]["alpha"]
        yield f"Real rows were copied with operations on a share {alpha} of their words (EDA)."
    if "back-translation" in used:
        back = used["back-translation"].get("back")
        pair = f" and back by {_model(study, back)}" if back else " and back"
        yield f"Real rows were translated by {models['back-translation']}{pair}."
    if "labelled" in used:
        yield f"{models['labelled']} labelled unlabelled text."


def _model(study: Section, name: str) -> str:
    """Where the model of a generator is from."""
    writer = study["generators"][name]
    model = study["models"].get(writer.get("model") or "", {})
    source = model.get("package") or model.get("hub") or model.get("path")
    return str(source or (writer.get("openai") or {}).get("model") or name)


def _setting(values: Any) -> str:
    items = values.items() if isinstance(values, dict) else ()
    return ", ".join(f"{key} {value}" for key, value in items if value is not None)


def _curation(curation: pl.DataFrame) -> str:
    steps = curation.filter(pl.col("removed") > 0)
    removed = steps.group_by("stage", maintain_order=True).agg(pl.col("removed").sum())
    words = [f"{count:.0f} by {stage}" for stage, count in removed.iter_rows()]
    return f"Curation removed {listed_words(words)}." if words else "Curation removed no row."


def _training(study: Section) -> Iterator[str]:
    for name, model in study["downstream"].items():
        base = model.get("model") or model.get("embedder") or model.get("file")
        shown = ("steps", "epochs", "batch_size", "learning_rate", "freeze", "c")
        settings = [
            f"{key.replace('_', ' ')} {model[key]}"
            for key in shown
            if model.get(key) and not (key == "steps" and model.get("epochs"))
        ]
        yield f"Downstream model {name}: {model['kind']} on {base}, {', '.join(settings)}."
    seeds = len(study["seeds"])
    yield f"Each mix was trained {seeds} time{'s' if seeds > 1 else ''} in a replicate."


def _measures(study: Section) -> str:
    diversity, shift = study["diversity"]["measures"], study["shift"]["measures"]
    return (
        f"Diversity was measured by {listed_words(diversity)} and shift from real text by "
        f"{listed_words(shift)}, at equal n, on embeddings of {listed_words(study['embedders'])}; "
        "z sets a shift against splits of real text."
    )


def _judges(study: Section) -> list[tuple[str, str]]:
    """Generators that judge, and what."""
    filters = [variant["filters"] for variant in study["curation"].values()]
    asked = [
        *((each["label_consistency"], "labels of generated rows") for each in filters),
        *((each["quality"], "the parts of generated rows") for each in filters),
        (study["designs"]["loop"], "the rows of each round of the loop"),
        (study["diversity"], "which texts are alike"),
        (study["evaluation"], "answers to test rows"),
    ]
    named = [(section["judge"], what) for section, what in asked if section]
    return list(dict.fromkeys((name, what) for name, what in named if name))


def _statistics(findings: pl.DataFrame) -> str:
    return (
        f"Gains are differences in {findings['metric'][0]} to the same real rows alone, over "
        f"{evidence(findings)} and {findings['n'][0]} test rows; intervals are 95 %, count "
        "replicates and test rows as crossed random effects, and hold together over all "
        "comparisons of a metric (max-|t|; verdicts step down). Hypotheses are tested over "
        "replicates with Holm's correction."
    )


def citations(study: Section, library: str) -> str:
    """The entries of a BibTeX library of the methods that a study used, in the library's order."""
    writers = [study["generators"][name] for name in study["generate"]["generators"]]
    models = list(study["downstream"].values())
    measures = [*study["diversity"]["measures"], *study["shift"]["measures"]]
    alternatives = study["designs"].get("alternatives") or {}
    adapters = [model["lora"] for model in models if model.get("lora")]
    keys = {
        *ALWAYS,
        *(MEASURES[name] for name in measures if name in MEASURES),
        *(BACKENDS[each["backend"]] for each in writers if each["backend"] in BACKENDS),
        *(["nguyen2024minp"] if any(each["sampling"].get("min_p") for each in writers) else []),
        *(
            ALTERNATIVES[name]
            for name, used in alternatives.items()
            if used and name in ALTERNATIVES
        ),
        *(["zheng2023judging"] if _judges(study) else []),
        *(["reimers2019sentence"] if study["embedders"] else []),
        *(["broder1997resemblance"] if any(v["fuzzy"] for v in study["curation"].values()) else []),
        *(["tunstall2022setfit"] if any(each["kind"] == "setfit" for each in models) else []),
        *(["hu2022lora"] if adapters else []),
        *(["dettmers2023qlora"] if any(each["quantize"] for each in adapters) else []),
    }
    entries = re.findall(r"^@\w+\{([^,]+),.*?^\}$", library, re.DOTALL | re.MULTILINE)
    texts = re.findall(r"^@\w+\{.*?^\}$", library, re.DOTALL | re.MULTILINE)
    return "\n\n".join(text for key, text in zip(entries, texts, strict=True) if key in keys)
