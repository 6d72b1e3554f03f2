"""Diversity of a set and its shift from real text, with intervals and noise floors.

In: texts, and embeddings of shape (n, d).
Out: numbers, and panels: one row a measure and setting.
Start reading in diversity_panel.py; one family of measures a file lies in diversity/ and shift/.
May import core, prepare, generate.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixtura.measure.diversity.dcscore import dcscore
    from mixtura.measure.diversity.novelsum import novelsum
    from mixtura.measure.diversity.vendi import vendi_score
    from mixtura.measure.shift.c2st import c2st
    from mixtura.measure.shift.frechet import frechet_distance
    from mixtura.measure.shift.mmd import mmd
    from mixtura.measure.shift.prdc import prdc

__all__ = ["c2st", "dcscore", "frechet_distance", "mmd", "novelsum", "prdc", "vendi_score"]

_FILES = {
    "c2st": "shift.c2st",
    "dcscore": "diversity.dcscore",
    "frechet_distance": "shift.frechet",
    "mmd": "shift.mmd",
    "novelsum": "diversity.novelsum",
    "prdc": "shift.prdc",
    "vendi_score": "diversity.vendi",
}


def __getattr__(name: str) -> Any:
    """A public measure, imported when it is used: the settings of the room load no NumPy."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
