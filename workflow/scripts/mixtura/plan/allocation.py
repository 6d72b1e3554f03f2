"""The allocation of a study: mixes that `mixtura next` chose to run in further replicates."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from mixtura.core.files import whole
from mixtura.core.sets import ALLOCATED
from mixtura.core.settings import Settings
from mixtura.plan.designs import DesignPoint
from mixtura.study.base import ConfigError
from mixtura.study.study import Study

FILE = "allocation.json"


class Cell(Settings):
    """A mix in a replicate that not all mixes have, of one downstream model."""

    model: str
    arm: str
    replicate: int = Field(ge=ALLOCATED)


class Allocation(Settings):
    """The cells, in the order in which they were chosen."""

    cells: tuple[Cell, ...] = ()

    def with_cells(self, cells: Iterable[Cell]) -> "Allocation":
        """The allocation with further cells, each once."""
        unique = {cell.to_json(): cell for cell in (*self.cells, *cells)}
        return Allocation(cells=tuple(unique.values()))


def read_allocation(root: Path) -> Allocation:
    """The allocation of the study in a results folder. Raises ConfigError for a wrong file."""
    file = root / FILE
    if not file.is_file():
        return Allocation()
    try:
        return Allocation.from_json(file.read_text("utf-8"))
    except (ValidationError, ValueError) as error:
        raise ConfigError(
            f"{file} is no allocation: delete it, or write it anew with mixtura next ({error})"
        ) from None


def allocated_arms(
    study: Study, points: Sequence[DesignPoint], root: str
) -> dict[str, dict[int, list[str]]]:
    """Downstream model -> allocated replicate -> arms: the mixes and what they are compared to.

    Raises ConfigError for a mix that the study does not have.
    """
    cells = read_allocation(Path(root)).cells
    if not cells:
        return {}
    compared: dict[str, dict[str, None]] = {}
    for point in points:
        if point.baseline:
            arms = (point.baseline, point.control, point.arm)
            names = dict.fromkeys(arm.name for arm in arms if arm)
            compared[point.arm.name] = compared.get(point.arm.name, {}) | names
    allocated: dict[str, dict[int, dict[str, None]]] = {}
    for cell in cells:
        if cell.model not in study.downstream or cell.arm not in compared:
            raise ConfigError(
                f"{root}/{FILE} has mix {cell.arm} of model {cell.model!r}, which this "
                "configuration does not have: delete the file, or run mixtura next again"
            )
        of_model = allocated.setdefault(cell.model, {})
        of_model[cell.replicate] = of_model.get(cell.replicate, {}) | compared[cell.arm]
    return {
        model: {replicate: list(arms) for replicate, arms in of_model.items()}
        for model, of_model in allocated.items()
    }


def write_allocation(root: Path, allocation: Allocation) -> Path:
    """Write the allocation of the study in a results folder, and name the file."""
    file = root / FILE
    with whole(file) as beside:
        beside.write_text(allocation.to_json(), encoding="utf-8")
    return file
