"""What stays of a generated pool: duplicates, filters, decontamination, judges, derived sets.

In: rows of a pool, real rows to keep apart.
Out: n curated rows, a receipt for each removed one.
Start reading in pool.py. May import core to measure.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixtura.curate.duplicates.deduplicate import deduplicate

__all__ = ["deduplicate"]


def __getattr__(name: str) -> Any:
    """The public function, imported when it is asked for: settings of the room stay light."""
    if name in __all__:
        from mixtura.curate.duplicates.deduplicate import deduplicate

        return deduplicate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
