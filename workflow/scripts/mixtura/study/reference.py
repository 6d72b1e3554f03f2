"""The reference of the configuration, made from the schema, so that it cannot drift.

`python -m mixtura.study.reference` prints it; `make docs` writes config/README.md and the schema.
"""

import sys
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, JsonValue
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mixtura.core.digest import canonical_json
from mixtura.measure.settings import DIVERSITY
from mixtura.study.base import Level
from mixtura.study.errors import sections, tags
from mixtura.study.study import Study

# What a change of a section makes again, with all that follows from it.
RERUNS = {
    "study": "a new folder of results",
    "seed": "splits, and everything that draws",
    "task": "the stage that reads the key: data, splits or prompts",
    "models": "that model and what uses it",
    "generators": "that generator's text",
    "pipelines": "the changed level's text",
    "generate": "new sets; a larger n adds shards and changes none",
    "curation": "the sets of that variant; no text is generated again",
    "embedders": "that embedder's embeddings and measures",
    "embeddings": "all embeddings and measures",
    "diversity": "diversity",
    "shift": "shift",
    "designs": "new mixes and their runs",
    "downstream": "that model's runs",
    "evaluation": "what a judge says of answers, scores and findings; no model is trained again",
    "replicates": "nothing that was made before: a new replicate's draw, text, measures and runs",
    "seeds": "the new seeds' runs",
    "smallest_gain": "findings, figures and report",
    "plots": "figures and report",
    "resources": "nothing",
    "packages": "`rerun`: what depends on a package; both: the report",
    "prices": "the table of what generation took, and what tells of cost",
}


def reference_markdown() -> str:
    """Markdown of every key: meaning, type, default, and what reruns when it changes."""
    parts = [
        "# The configuration",
        "Made from the schema by `make docs`; do not edit. `config.yaml` is a whole example. Times "
        "are minutes, memory is MB, lengths are tokens unless a key says otherwise. `NAME` is a "
        "name of your own: letters, digits, `.`, `_`, `-`.",
    ]
    for name, field in Study.model_fields.items():
        rows = list(_rows(name, field))
        reruns = f"A change makes again: {RERUNS[name]}."
        table = ["| key | type | default | meaning |", "|---|---|---|---|", *rows]
        parts += [f"## {name}", reruns, "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def _rows(key: str, field: FieldInfo) -> Iterator[str]:
    """Lines of a table: of a key, and of the keys inside it."""
    choices = sections(field.annotation)
    text = field.description or (choices[0].__doc__ if len(choices) == 1 else "") or ""
    default = _default(field)
    yield f"| `{key}` | {_kind(field)} | {default} | {' '.join(text.split())} |"
    inside = f"{key}.NAME" if _named(field) else key
    for section in choices:
        fields = dict(section.model_fields)
        if len(choices) > 1:
            name = next(iter(fields))
            fields.pop(name)
            cells = f"| `{inside}.{name}: {tags(section)[0]}` | section |  |"
            yield f"{cells} {' '.join((section.__doc__ or '').split())} |"
        for name, inner in fields.items():
            yield from _rows(f"{inside}.{inner.alias or name}", inner)


def _kind(field: FieldInfo) -> str:
    if not sections(field.annotation):
        return _type(field.annotation)
    if not _named(field):
        return "section"
    names = _keys(field.annotation)
    return "sections by name" if names == "name" else f"sections by name: {names}"


def _type(kind: Any) -> str:
    """A type in words: what may be written in the file."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind == Level:
        return "`D0` to `D6`"
    if origin is Annotated:
        return _type(inside[0])
    if origin is Literal:
        if inside == DIVERSITY:  # too many for a cell
            return "names in [docs/measures.md](../docs/measures.md#diversity)"
        *names, last = (f"`{name}`" for name in inside)
        return f"{', '.join(names)} or {last}" if names else last
    if origin is list:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return f"{_keys(kind)} -> {_type(inside[1])}"
    if inside:
        return " or ".join(map(_type, inside))
    if kind is JsonValue:
        return "any"
    return "none" if kind is NoneType else str(kind.__name__).lower()


def _keys(kind: Any) -> str:
    names = _type(get_args(kind)[0])
    return "name" if names == "str" else names


def _named(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is dict


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    value = field.default
    if isinstance(value, BaseModel):
        return ""
    return f"`{canonical_json(value)}`" if value is not None else "none"


if __name__ == "__main__":
    json = canonical_json(Study.model_json_schema())
    sys.stdout.write(json if "--schema" in sys.argv else reference_markdown())
