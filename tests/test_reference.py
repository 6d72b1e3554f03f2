"""Documents that are made from the code are as the code is."""

import json
from pathlib import Path

from mixtura.config import Study
from mixtura.reference import RERUNS, reference_markdown

ROOT = Path(__file__).parent.parent


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
