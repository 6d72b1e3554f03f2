"""The tables that report, figures and cards read, by the names of their inputs."""

from mixtura.core.tables import Table
from mixtura.curate.tables import Curation
from mixtura.generate.tables import Generation
from mixtura.infer.surface.tables import Surface
from mixtura.infer.tables import Collapse, Findings, Hypotheses, LabelGains, Searches
from mixtura.measure.tables import Diversity, Embeddings, Shift

TABLES: dict[str, type[Table]] = {
    "findings": Findings,
    "hypotheses": Hypotheses,
    "surface": Surface,
    "labels": LabelGains,
    "search": Searches,
    "collapse": Collapse,
    "diversity": Diversity,
    "shift": Shift,
    "curation": Curation,
    "generation": Generation,
    "reference": Embeddings,
}
