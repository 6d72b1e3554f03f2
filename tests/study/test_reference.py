"""Documents that are made from the code are as the code is."""

import json
import re
from pathlib import Path

from mixtura.prepare.sources import DATA_PACKAGES, MODEL_PACKAGES
from mixtura.study.measures import DIVERSITY, SHIFT
from mixtura.study.reference import RERUNS, reference_markdown
from mixtura.study.run import STAGES
from mixtura.study.study import Study

ROOT = Path(__file__).parents[2]


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "config/README.md").read_text() == reference_markdown(), "run `make docs`"


def test_the_schema_is_up_to_date() -> None:
    schema = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())
    assert schema == json.loads(json.dumps(Study.model_json_schema())), "run `make docs`"


def test_every_section_says_what_reruns_and_every_key_what_it_means() -> None:
    assert set(RERUNS) == set(Study.model_fields)
    rows = [
        line.split(" | ") for line in reference_markdown().splitlines() if line.startswith("| `")
    ]
    assert len(rows) > 60
    assert not [row[0] for row in rows if len(row[3].strip(" |")) < 3]


def test_every_type_says_what_may_be_written() -> None:
    text = reference_markdown()
    kinds = {row.split(" | ")[1] for row in text.splitlines() if row.startswith("| `")}
    plain = {"str", "int", "float", "bool", "any", "none", "section", "sections by name"}
    for kind in kinds:
        words = re.sub(r"^sections by name: |list of |^.* -> ", "", kind)
        names = re.fullmatch(r"(`[^`]+`(, | or | to |$))+(none)?|names in \[.*\]\(.*\)", words)
        assert names or set(words.split(" or ")) <= plain, kind
    assert "list of str or none" in kinds and "int or none" in kinds and "name -> float" in kinds
    assert "name -> list of `D0` to `D6`" in kinds
    names = (*MODEL_PACKAGES, *DATA_PACKAGES, *SHIFT, *STAGES)
    assert not [name for name in names if f"`{name}`" not in "".join(kinds)]
    measures = (ROOT / "docs/measures.md").read_text()  # where the reference sends for these
    assert not [name for name in DIVERSITY if f"`{name}`" not in measures]
