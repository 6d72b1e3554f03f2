"""Spreads for statements of power: those of a finished study, or typical ones."""

from pathlib import Path

from mixtura.infer.detect import TYPICAL, TYPICAL_SOURCE, Spreads
from mixtura.infer.settings import METRICS_OF_KIND


def spreads_of(folder: Path | None, kind: str) -> tuple[Spreads | None, str]:
    """The spreads of the study in a results folder, or typical ones, and where they come from.

    None for a kind of task without typical ones. Raises ValueError where the study is not finished
    or too small.
    """
    metric = METRICS_OF_KIND[kind][0]
    if folder is None:
        return (TYPICAL if metric != "perplexity" else None), TYPICAL_SOURCE
    from mixtura.core.tables import read_table
    from mixtura.infer.pilot import pilot
    from mixtura.infer.tables import Arms, ItemPredictions

    tables = [folder / f"tables/{name}.parquet" for name in ("predictions", "arms")]
    for table in tables:
        if not table.is_file():
            raise ValueError(f"{folder} is no finished study: it lacks tables/{table.name}")
    try:
        predictions, arms = map(read_table, tables, (ItemPredictions, Arms))
        spreads, _ = pilot(predictions, arms, metric)
    except ValueError as error:
        raise ValueError(f"--pilot {folder}: {error}") from None
    return spreads, f"those of {folder}"
