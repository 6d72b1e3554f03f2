"""Section `curation`: what is removed from generated text, and the variants that are built in.

The models are those that the stage reads: mixtura/curate/settings.py.
"""

from typing import Any

OFF: dict[str, Any] = {"exact": False, "filters": {}, "fuzzy": None, "decontaminate": None}


VARIANTS: dict[str, dict[str, Any]] = {"none": OFF, "exact": {**OFF, "exact": True}, "full": {}}


def with_built_in(section: Any) -> Any:
    """The variants of a study and the built-in ones, key by key."""
    if not isinstance(section, dict):
        return section
    return {
        name: {**VARIANTS.get(name, {}), **variant} if isinstance(variant, dict) else variant
        for name, variant in {**VARIANTS, **section}.items()
    }
