"""What a loop did, in words."""

import polars as pl

from mixtura.infer.results import Results
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import Hypotheses, LabelGains
from mixtura.tell.findings import answers, findings_text
from mixtura.tell.loop import collapse_text
from studies import collapse, looped


def test_the_text_says_which_scheme_lost_and_which_result_is_null() -> None:
    text = collapse_text(collapse())
    lines = {line.split()[1]: line for line in text.splitlines() if line.startswith("- ")}
    assert "**lost** against round 0" in lines["replace"]
    assert "too small to tell (0." in lines["accumulate"]
    assert "64 real + 96 generated rows" in lines["accumulate"]
    row = next(line for line in text.splitlines() if "tail_loss" in line and "accumulate" in line)
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[2:] == ["5.000 [4.500, 5.500]", "6.000 [5.500, 6.500]", "7.000 [6.500, 7.500]"]


def test_the_findings_of_a_loop_have_no_answer_and_a_part_of_their_own() -> None:
    tables = looped()
    assert answers(tables["findings"]) == []
    empty = (pl.DataFrame(schema=table.types()) for table in (Hypotheses, Surface, LabelGains))
    results = Results(tables["findings"], *empty, collapse=collapse())
    text = findings_text(results, tables["diversity"], tables["shift"])
    assert "## Model collapse: 2 rounds" in text
