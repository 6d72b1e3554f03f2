"""All comparisons of a study are those of its parts, and a study without a loop has none of it."""

from mixtura.infer.findings import findings
from mixtura.infer.label_gains import label_gains
from mixtura.infer.results import Results, StudyTables
from mixtura.infer.settings import FindingsSettings
from mixtura.infer.study_results import study_results
from studies import ROUNDS, collapse, looped

SETTINGS = FindingsSettings(
    metrics=["accuracy"],
    models=[],
    labels=["no", "yes"],
    seed=3,
    smallest_gain=0.05,
    shared=False,
)


def compared(settings: FindingsSettings) -> tuple[StudyTables, Results]:
    tables = looped()
    study = StudyTables(*(tables[name] for name in StudyTables._fields))
    texts = [(name, table.with_row_index("id")) for name, table in tables["perplexity"].items()]
    return study, study_results(study, settings, {}, texts)


def test_a_study_without_a_loop_and_without_lm_eval_has_four_tables() -> None:
    study, results = compared(SETTINGS)
    assert list(results.tables()) == ["findings", "hypotheses", "surface", "labels"]
    table = findings(*study[:2], ["accuracy"], 3, smallest_gain=0.05)
    assert results.findings.equals(table)
    assert results.labels.equals(label_gains(*study[:2], ["no", "yes"], 3))
    assert results.labels["label"].unique().sort().to_list() == ["no", "yes"]
    assert set(results.hypotheses["hypothesis"]) == {"power"}  # the mixes are rounds


def test_the_table_of_a_loop_is_that_of_its_parts() -> None:
    _, results = compared(SETTINGS.model_copy(update={"rounds": ROUNDS, "smallest_gain": 0.02}))
    assert "collapse" in results.tables()
    table, expected = results.collapse, collapse()
    assert table is not None
    same = ["scheme", "round", "kind", "measure", "value", "low", "high", "n", "verdict"]
    assert table[same].equals(expected[same])
