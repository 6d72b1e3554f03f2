"""How long downstream models are trained, in words."""

from collections.abc import Mapping

from mixtura.infer.settings import TrainingLength

REGIMES = {
    "steps": "every mix has as many optimiser steps as real rows alone, and sees its real rows "
    "less often",
    "epochs": "every mix is passed over as often, so that a larger one has more optimiser steps",
    "real_passes": "every mix sees its real rows as often as real rows alone do, and has more "
    "optimiser steps for its generated rows",
}


def lengths_text(lengths: Mapping[str, TrainingLength]) -> str:
    """The regime of every downstream model that is fine-tuned, one sentence a regime."""
    models: dict[str, list[str]] = {}
    for name, length in lengths.items():
        models.setdefault(length.regime, []).append(name)
    return " ".join(
        f"Training of {', '.join(names)} (regime {regime}): {REGIMES[regime]}."
        for regime, names in models.items()
    )
