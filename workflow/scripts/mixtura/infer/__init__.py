"""What predictions show: metrics, intervals, comparisons, surfaces, hypotheses.

In: predictions of runs, the index of the arms, panels of diversity and shift; scores of systems.
Out: scores, findings, surfaces and tests of hypotheses, with intervals and corrected p-values.
Start reading in findings.py; crossed.py says what its intervals rest on.
May import core, prepare, generate, measure, curate, train.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixtura.infer.detect import power
    from mixtura.infer.surface.fit import fit_surface
    from mixtura.infer.systems import compare

__all__ = ["compare", "fit_surface", "power"]

_FILES = {"compare": "systems", "fit_surface": "surface.fit", "power": "detect"}


def __getattr__(name: str) -> Any:
    """A public function, imported when it is used: the settings of the room load no NumPy."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
