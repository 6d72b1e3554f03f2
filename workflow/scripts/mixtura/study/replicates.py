"""Section `replicates`: how often a study is made anew, and what its replicates share."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mixtura.core.settings import Positive
from mixtura.study.base import Section


class ReplicatesSection(Section):
    """How often all but test, reference and development is made anew; a number is the count."""

    count: Positive = Field(
        1,
        description="replicates. Each has its own draw of the few real rows, its own topics, "
        "generated text, curation and measures, and its own trainings, `seeds` of each mix; a "
        "larger number adds files and changes none",
    )
    share: list[Literal["generated"]] = Field(
        [],
        description="[generated]: all replicates use the text of replicate 0, where text is dear; "
        "no interval then counts the generator's chance",
    )


def _with_count(section: Any) -> Any:
    return section if isinstance(section, dict | ReplicatesSection) else {"count": section}


# A number alone is the count.
Replicates = Annotated[
    ReplicatesSection,
    BeforeValidator(_with_count, json_schema_input_type=Positive | ReplicatesSection),
]
