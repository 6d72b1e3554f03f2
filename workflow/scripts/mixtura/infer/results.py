"""What a study is compared by, and the tables that come out."""

from typing import NamedTuple

import polars as pl


class StudyTables(NamedTuple):
    """What is compared."""

    predictions: pl.DataFrame  # columns of `mixtura.infer.tables.ItemPredictions`
    arms: pl.DataFrame  # of `mixtura.infer.tables.Arms`
    diversity: pl.DataFrame  # of `mixtura.measure.tables.Diversity`
    shift: pl.DataFrame  # of `mixtura.measure.tables.Shift`


class Results(NamedTuple):
    """The tables that findings.md is written from; the last two of studies that have them."""

    findings: pl.DataFrame  # columns of `mixtura.infer.tables.Findings`
    hypotheses: pl.DataFrame  # of `mixtura.infer.tables.Hypotheses`
    surface: pl.DataFrame  # of `mixtura.infer.surface.tables.Surface`
    labels: pl.DataFrame  # of `mixtura.infer.tables.LabelGains`
    collapse: pl.DataFrame | None = None  # of `mixtura.infer.tables.Collapse`
    lm_eval_findings: pl.DataFrame | None = None  # of `mixtura.infer.tables.LmEvalFindings`

    def tables(self) -> dict[str, pl.DataFrame]:
        """Name -> table, of those that the study has."""
        return {name: table for name, table in self._asdict().items() if table is not None}
