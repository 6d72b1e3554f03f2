"""Settings of curation travel as JSON, and importing them loads no library of the stage."""

import subprocess
import sys

from mixtura.curate.settings import (
    CurateSettings,
    Curation,
    Decontaminate,
    Filters,
    LabelConsistency,
    Length,
    Semantic,
)


def test_settings_come_back_from_their_json() -> None:
    settings = CurateSettings(n=4, labels=["bad", "good"], curation=Curation(semantic=Semantic()))
    assert CurateSettings.from_json(settings.to_json()) == settings


def test_what_reads_the_text_alone_needs_no_embedding() -> None:
    full = Curation(
        filters=Filters(length=Length(), label_consistency=LabelConsistency()),
        semantic=Semantic(),
        decontaminate=Decontaminate(similarity=0.9),
        embedder="other",
    )
    assert full.reads_embeddings and not full.by_text().reads_embeddings
    assert full.by_text() == Curation(filters=Filters(length=Length()))
    judged = Curation(filters=Filters(label_consistency=LabelConsistency(judge="writer")))
    assert judged.judge == "writer" and not judged.reads_embeddings


def test_importing_settings_is_light() -> None:
    heavy = "{'polars', 'numpy', 'scipy'}"
    code = f"import sys, mixtura.curate.settings; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
