"""The methods paragraph has the numbers of the study, and cites what it used."""

import copy
import re
from typing import Any

import polars as pl

import studies
from conftest import ROOT
from mixtura.study.load import load_study
from mixtura.tell.methods import ALTERNATIVES, ALWAYS, BACKENDS, MEASURES, citations, methods_text

LIBRARY = (ROOT / "workflow/report/methods.bib").read_text()
REMOVED = pl.DataFrame({"stage": ["exact"], "removed": [3]})
FINDINGS = studies.study(studies.flat, items=40)["findings"]


def dump(study: dict[str, Any]) -> dict[str, Any]:
    return load_study(study).model_dump(mode="json", by_alias=True)


def test_every_number_is_that_of_the_study(tiny: dict[str, Any]) -> None:
    removed = pl.DataFrame({"stage": ["exact", "fuzzy", "length"], "removed": [3, 4, 0]})
    study = {**tiny, "replicates": 2, "generate": {**tiny["generate"], "n": 18}}
    text = methods_text(dump(study), FINDINGS, removed, {"mixtura": "0.1.0", "snakemake": "9.27"})
    for words in (
        "40 test rows, 32 rows as reference of the measures, and 16 real labelled rows",
        "anew in each of 2 replicates",
        "max new tokens 40",
        "(D0: topics 1; D6: topics 9)",
        "A set has 18 rows",
        "Curation removed 3 by exact and 4 by fuzzy.",
        "encoder on reader, steps 4",
        "trained 2 times in a replicate",
        "Mixtura 0.1.0 on Snakemake 9.27, seed 3.",
    ):
        assert words in text
    assert "None" not in text and "  " not in text


def test_what_a_study_uses_is_cited_and_nothing_else(tiny: dict[str, Any]) -> None:
    study = {**tiny, "diversity": {"measures": ["vendi_score"]}, "shift": {"measures": ["c2st"]}}
    cited = re.findall(r"^@\w+\{(\w+),", citations(dump(study), LIBRARY), re.MULTILINE)
    assert {*ALWAYS, "friedman2023vendi", "lopezpaz2017c2st"} <= set(cited)
    assert not {"gretton2012kernel", "hu2022lora", "nguyen2024minp"} & set(cited)


def test_what_is_tried_in_place_of_text_is_told(tiny: dict[str, Any]) -> None:
    config = copy.deepcopy(tiny)
    assert "sennrich2016" not in citations(dump(config), LIBRARY)
    for name in ("there", "back"):
        config["models"][name] = {"hub": f"opus/{name}"}
        config["generators"][name] = {"model": name, "backend": "seq2seq"}
    config["designs"]["alternatives"] = {
        "few-shot": {"generator": "writer", "shots": 3},
        "back-translation": {"generator": "there", "back": "back"},
        "eda": {},
    }
    study = dump(config)
    text = methods_text(study, FINDINGS, REMOVED, {})
    assert "labelled the test rows after 3 real rows of each label." in text
    assert "Real rows were translated by opus/there and back by opus/back." in text
    assert "a share 0.1 of their words (EDA)" in text
    entries = citations(study, LIBRARY)
    assert "{wei2019eda" in entries and "{sennrich2016improving" in entries


def test_who_judges_what_is_told(instructions: dict[str, Any]) -> None:
    quiet = dump({**instructions, "evaluation": {}})
    assert "judged" not in methods_text(quiet, FINDINGS, REMOVED, {})
    assert "zheng2023judging" not in citations(quiet, LIBRARY)
    openai = {"base_url": "http://localhost:1/v1", "model": "acme-large"}
    config = copy.deepcopy(instructions)
    config["generators"]["judge"]["openai"] = openai
    config["curation"] = {"full": {"filters": {"quality": {"judge": "judge"}}}}
    study = dump(config)
    text = methods_text(study, FINDINGS, REMOVED, {})
    assert "acme-large judged the parts of generated rows. acme-large judged answers" in text
    assert "{zheng2023judging" in citations(study, LIBRARY)


def test_every_key_has_an_entry_whose_braces_close() -> None:
    keys = re.findall(r"^@\w+\{(\w+),", LIBRARY, re.MULTILINE)
    assert {*ALWAYS, *MEASURES.values(), *BACKENDS.values(), *ALTERNATIVES.values()} <= set(keys)
    assert len(keys) == len(set(keys)) == LIBRARY.count("\n}\n")
    assert LIBRARY.count("{") == LIBRARY.count("}")
