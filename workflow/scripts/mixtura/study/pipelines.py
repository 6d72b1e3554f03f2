"""Section `pipelines`: dials, which write text at levels of diversity.

The models of levels are those that the dials read: mixtura/generate/dials.
"""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from mixtura.core.files import read_lines
from mixtura.core.settings import Name
from mixtura.generate.dials.context import ContextLevel
from mixtura.generate.dials.incentive import IncentiveLevel
from mixtura.generate.dials.persona import PersonaLevel
from mixtura.generate.dials.several import SeveralLevel
from mixtura.generate.dials.temperature import TemperatureLevel
from mixtura.generate.dials.topic import TopicLevel
from mixtura.study.base import Level, PythonFile, Section, Template, TextFile


class Pipeline(Section):
    """A pipeline that generates: what all of them have."""

    dial: str
    curation: Name = Field("full", description="key of `curation`: what is removed")
    levels: dict[Level, Any]


class TopicPipeline(Pipeline):
    """A topic in every prompt: a larger set of topics is a higher level."""

    dial: Literal["topic"]
    topics: Literal["mined", "written", "file"] = Field(
        "mined",
        description="where topics come from. mined: the words that most examples hold, and a level "
        "beyond their number has them all; written: the generator is asked for them once; file",
    )
    file: TextFile | None = Field(None, description="topics: file. One topic a line")
    prompt: Template | None = Field(
        None, description="topics: written. Template that asks for topics; default: topics[-chat]"
    )
    levels: dict[Level, TopicLevel] = Field(min_length=1, description="level -> its setting")

    @model_validator(mode="after")
    def _enough_topics(self) -> Self:
        if (self.topics == "file") != bool(self.file):
            raise ValueError("topics: file and the key file need each other")
        if self.file:
            topics = len(read_lines(self.file))
            for level, setting in self.levels.items():
                if setting.topics > topics:
                    raise ValueError(
                        f"levels.{level}.topics: {setting.topics} is too many; {self.file!r} has "
                        f"{topics} different topics"
                    )
        return self


class TemperaturePipeline(Pipeline):
    """The same prompts, other sampling: a flatter distribution is a higher level."""

    dial: Literal["temperature"]
    levels: dict[Level, TemperatureLevel] = Field(min_length=1, description="level -> its setting")


class PersonaPipeline(Pipeline):
    """A persona in every prompt: more of them are a higher level."""

    dial: Literal["persona"]
    personas: list[str] | None = Field(
        None, min_length=1, description='such as "a shy poet"; default: 1,280 built-in ones'
    )
    file: TextFile | None = Field(None, description="personas, one a line, in place of `personas`")
    levels: dict[Level, PersonaLevel] = Field(min_length=1, description="level -> its setting")

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.personas and self.file:
            raise ValueError("give personas or file, not both")
        return self


class IncentivePipeline(Pipeline):
    """Prompts that push away from what is common: a stronger push is a higher level."""

    dial: Literal["incentive"]
    levels: dict[Level, IncentiveLevel] = Field(min_length=1, description="level -> its setting")


class ContextPipeline(Pipeline):
    """Questions about passages (task.kind qa): more passages are a higher level."""

    dial: Literal["context"]
    levels: dict[Level, ContextLevel] = Field(min_length=1, description="level -> its setting")


class SeveralPipeline(Pipeline):
    """Several texts in one answer of a chat: more of them, or rarer ones, are a higher level."""

    dial: Literal["several"]
    levels: dict[Level, SeveralLevel] = Field(min_length=1, description="level -> its setting")


class ModulePipeline(Pipeline):
    """A dial of your own: a Python file with a function `specify`, see mixtura/generate/dials."""

    dial: Literal["module"]
    file: PythonFile = Field(description="the Python file")
    levels: dict[Level, dict[str, Any]] = Field(min_length=1, description="level -> its settings")
