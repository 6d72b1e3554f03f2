"""The name of a generated set, as it stands in the paths of files about it."""

from pathlib import Path
from typing import NamedTuple

# Replicates from this number on have only the mixes that an allocation names: far above those of a
# study and of its confirmation, so that a raise of `replicates` never meets them.
ALLOCATED = 1000


class SetKey(NamedTuple):
    """One generated set. Its draw is the real rows that its generator saw, such as r0 or r0-16."""

    generator: str
    pipeline: str
    level: str
    draw: str  # rREPLICATE: the largest number of real rows; rREPLICATE-N: the first N of them

    @property
    def name(self) -> str:
        """GENERATOR/PIPELINE/LEVEL/DRAW, as in paths."""
        return "/".join(self)

    @property
    def replicate(self) -> int:
        """Number of the replicate whose real rows the generator saw."""
        return replicate_of(self.draw)

    def columns(self, largest: int) -> dict[str, str | int]:
        """The columns that name the set in tables; `largest` is the number that a draw leaves out.

        `shown` is how many real rows the generator saw.
        """
        shown = int(self.draw.partition("-")[2] or largest)
        names = {"generator": self.generator, "pipeline": self.pipeline, "level": self.level}
        return {**names, "replicate": self.replicate, "shown": shown}


def replicate_of(draw: str) -> int:
    """Number of the replicate of a draw."""
    return int(draw[1:].partition("-")[0])


def set_of(path: str | Path) -> SetKey:
    """The set that the end of the path of a file about it names."""
    return SetKey(*Path(path).with_suffix("").parts[-4:])
