"""The tables that findings, report, figures and cards read or write, by name."""

from mixtura.core.tables import Table
from mixtura.curate.tables import Curation
from mixtura.generate.tables import Generation
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import (
    Arms,
    Collapse,
    Findings,
    Hypotheses,
    ItemPredictions,
    LabelGains,
    LmEval,
    LmEvalFindings,
    Searches,
)
from mixtura.measure.tables import Diversity, Embeddings, Shift

TABLES: dict[str, type[Table]] = {
    "predictions": ItemPredictions,
    "arms": Arms,
    "findings": Findings,
    "hypotheses": Hypotheses,
    "surface": Surface,
    "labels": LabelGains,
    "search": Searches,
    "collapse": Collapse,
    "lm_eval": LmEval,
    "lm_eval_findings": LmEvalFindings,
    "diversity": Diversity,
    "shift": Shift,
    "curation": Curation,
    "generation": Generation,
    "reference": Embeddings,
}
