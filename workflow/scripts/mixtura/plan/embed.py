"""What workflow/rules/embed.smk looks up."""

from typing import Any

from mixtura.measure.settings import EmbedSettings
from mixtura.plan.sets import Sets


class EmbedPlan:
    """What workflow/rules/embed.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study = sets, sets.study

    def settings(self, wildcards: Any) -> str:
        """Embeddings depend on text and model, and on how they are stored."""
        section = self.study.embeddings
        kind = section.kinds.get(wildcards.embedder, "sentence")
        return EmbedSettings(dtype=section.dtype, kind=kind).to_json()
