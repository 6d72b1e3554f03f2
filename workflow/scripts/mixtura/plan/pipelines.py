"""What the pipelines of a study are: derived ones, how text is curated, who writes it."""

from typing import Any, TypeVar

from mixtura.curate.settings import Curation
from mixtura.study.derived import Derived, ParaphrasePipeline, Recuration, SourcesPipeline
from mixtura.study.designs import LOOP
from mixtura.study.pipelines import Pipeline
from mixtura.study.study import Study

D = TypeVar("D", bound=Derived)


def derived_pipeline(study: Study, wildcards: Any, kind: type[D]) -> D:
    """The derived pipeline of a job, which is of this kind."""
    pipeline = study.pipelines[wildcards.pipeline]
    assert isinstance(pipeline, kind)
    return pipeline


def curation_of(study: Study, pipeline: str) -> Curation:
    """How the text of a pipeline is curated."""
    section = study.pipelines[pipeline]
    assert isinstance(section, Pipeline | Recuration)
    return study.curation[section.curation].in_language(study.task.language)


def curations(study: Study) -> list[Curation]:
    """The variants of curation that a study uses."""
    names = [name for name in study.pipelines if name.startswith(LOOP)]
    names += study.generate.pipelines
    return [curation_of(study, base) for name in names for base in study.bases_of(name)]


def has_topics(study: Study, pipeline: str) -> bool:
    """Whether the rows of a pipeline have topics: only then are topics measured."""
    section = study.pipelines[pipeline]
    if isinstance(section, ParaphrasePipeline) and section.source == "real":
        return False
    sources = [study.source_of(base) for base in study.bases_of(pipeline)]
    return all(study.pipelines[source].dial == "topic" for source in sources)


def writers(study: Study, generator: str, pipeline: str, level: str) -> list[str]:
    """The generators whose text a set has."""
    section = study.pipelines[pipeline]
    if isinstance(section, SourcesPipeline):
        return section.levels[level].generators
    return [generator]
