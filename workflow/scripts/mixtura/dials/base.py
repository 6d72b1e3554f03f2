"""What a dial yields: the specification of one prompt."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PromptSpec:
    """One prompt: its place in the level, the label it asks for, and what a template may show."""

    index: int
    label: str
    examples: tuple[tuple[str, str], ...]  # (id, text) of the real rows shown
    fields: dict[str, str] = field(default_factory=dict)
