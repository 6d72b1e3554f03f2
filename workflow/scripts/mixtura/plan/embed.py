"""What workflow/rules/embed.smk looks up."""

from mixtura.plan.sets import Sets


class EmbedPlan:
    """What workflow/rules/embed.smk looks up."""

    def __init__(self, sets: Sets) -> None:
        self.sets, self.study = sets, sets.study

    def settings(self) -> str:
        """Embeddings depend on text and model, and on how they are stored."""
        return self.study.embeddings.to_json()
