"""Settings of the rules that tell: figures, report, export. A person writes `plots`."""

from pydantic import Field, JsonValue

from mixtura.core.settings import Settings
from mixtura.train.settings import Mix


class FigureSettings(Settings):
    """How figures look."""

    colours: str = Field("viridis", description="matplotlib colour map of the levels")
    width: float = Field(6.4, gt=0, description="inches")
    height: float = Field(4.0, gt=0, description="inches")


class DataSource(Settings):
    """Where real rows are from."""

    name: str
    licence: str


class StudyFacts(Settings):
    """What the card of a data set says of the study."""

    study: str
    seed: int
    n: int = Field(description="rows of a generated set")
    kind: str = Field(description="kind of task")
    noun: str = Field(description="what a row is, in words")
    data: DataSource


class SetName(Settings):
    """A generated set."""

    generator: str
    pipeline: str
    level: str
    replicate: int
    shown: int = Field(description="real rows that its generator saw")


class SetRecipe(Settings):
    """How a set was generated, as its card prints it: settings by name, as JSON."""

    set: SetName
    generators: dict[str, dict[str, JsonValue]]
    pipelines: dict[str, dict[str, JsonValue]]
    curation: dict[str, dict[str, JsonValue]]


class ExportSettings(Settings):
    """The card of one set."""

    study: StudyFacts
    recipe: SetRecipe


class ExportBestSettings(Settings):
    """The card of the recommended mix, whichever it is, and what it draws."""

    study: StudyFacts
    recipes: dict[str, SetRecipe] = Field(description="GENERATOR/PIPELINE/LEVEL/DRAW -> its recipe")
    mixes: dict[str, Mix] = Field(description="arm -> its rows")
    metric: str = Field(description="first metric of the task")
    first_seed: int = Field(description="whose draw is exported")


class ReportSettings(Settings):
    """What the report prints of the configuration."""

    study: dict[str, JsonValue]
    absent: list[str] = Field(description="a sentence for each figure that the study cannot have")
