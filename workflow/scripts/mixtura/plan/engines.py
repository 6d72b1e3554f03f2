"""The engine that answers the prompts of a job: that of its generator or judge."""

from typing import Any

from mixtura.plan.sets import Sets
from mixtura.plan.writers import engine_options


class Engines:
    """The engine that answers the prompts of a job: that of its generator or judge."""

    def __init__(self, sets: Sets) -> None:
        self.study = sets.study

    def backend(self, wildcards: Any) -> str:
        """The module of its backend."""
        return f"mixtura.generate.backends.{self.study.generators[_name(wildcards)].backend}"

    def running(self, wildcards: Any, input: Any) -> str:
        """How it is run; other values rerun nothing."""
        return engine_options(self.study, _name(wildcards)).to_json()


def _name(wildcards: Any) -> str:
    name: str = getattr(wildcards, "judge", None) or wildcards.generator
    return name
