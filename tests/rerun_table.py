"""Which rules a change makes run again: `python tests/rerun_table.py > docs/reruns.md`.

Every key of the configuration is changed in the embedded study, and Snakemake's own graph of both
says which jobs differ in what Snakemake compares: outputs, inputs and parameters. Nothing runs.
test_reruns.py checks the same against dry runs beside finished results.
"""

import copy
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from snakemake.api import SnakemakeApi
from snakemake.dag import DAG
from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from mixtura import digest  # noqa: E402
from mixtura.config import ConfigError, Study, load_study  # noqa: E402

FOLDER = Path(tempfile.mkdtemp())  # the same for all: inputs are compared by their paths


RULES: list[str] = []  # in the order of the data


class Found(Exception):
    """Carries the graph out of Snakemake."""


@dataclass(frozen=True)
class Job:
    """A job as Snakemake compares it."""

    rule: str
    compared: tuple[str, ...]
    depends: frozenset[str]


def graph(config: dict[str, Any]) -> dict[str, Job]:
    """First output -> job, of a whole study that has not run."""

    def stats(dag: DAG) -> None:
        raise Found(dag)

    DAG.stats = stats
    file = FOLDER / "study.yaml"
    file.write_text(yaml.safe_dump(config))
    try:
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            api.workflow(
                resource_settings=ResourceSettings(cores=1),
                config_settings=ConfigSettings(configfiles=[file]),
                snakefile=ROOT / "Snakefile",
                workdir=FOLDER,
            ).dag().execute_workflow(executor="dryrun")
    except Found as found:
        dag = found.args[0]
    RULES[:] = [rule.name for rule in dag.workflow.rules]
    made = {}
    for job in dag.jobs:
        if job.output:
            params = sorted(map(str, job.non_derived_params))
            before = frozenset(str(above.output[0]) for above in dag.dependencies[job])
            compared = (*map(str, job.output), *sorted(map(str, job.input)), *params)
            made[str(job.output[0])] = Job(job.rule.name, compared, before)
    return made


def reruns(old: dict[str, Job], new: dict[str, Job]) -> tuple[list[str], list[str]]:
    """Rules with jobs that a change makes run, and rules that only follow from those."""
    direct = {name for name, job in new.items() if old.get(name) != job}
    todo = set(direct)
    while more := {n for n, job in new.items() if n not in todo and job.depends & todo}:
        todo |= more
    order = sorted({job.rule for job in new.values()}, key=RULES.index)
    rules = {new[name].rule for name in direct}
    follow = {new[name].rule for name in todo} - rules
    return [r for r in order if r in rules], [r for r in order if r in follow]


def keys(section: type[BaseModel], given: Any, path: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    """(path, annotation) of every key below a section of the configuration."""
    for name, field in section.model_fields.items():
        key = field.alias or name
        value = given.get(key) if isinstance(given, dict) else None
        yield from _inside(field.annotation, value, (*path, key))


def _inside(kind: Any, value: Any, path: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        options = [part for part in get_args(kind) if part is not type(None)]
        fitting = [part for part in options if len(options) == 1 or _fits(part, value)]
        if fitting:
            yield from _inside(fitting[0], value, path)
            return
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from keys(kind, value, path)
    elif get_origin(kind) is dict and isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _inside(get_args(kind)[1], inner, (*path, str(name)))
    else:
        yield path, kind


def _fits(kind: Any, value: Any) -> bool:
    try:
        return kind.model_validate(value) is not None
    except (AttributeError, ValueError):
        return False


def _values(kind: Any, value: Any) -> Iterator[Any]:
    """Other values that a key may take, likely ones first."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        for part in get_args(kind):
            yield from _values(part, value)
    elif get_origin(kind) is Literal:
        yield from (option for option in get_args(kind) if option != value)
    elif kind is bool:
        yield not value
    elif kind is int:
        base = value if isinstance(value, int) else 2
        yield from (base * 2, base + 1, base + 2, max(base // 2, 1), base - 2, 8, 64, 200)
    elif kind is float:
        base = value if isinstance(value, int | float) else 0.5
        yield from (base / 2, base + 0.1, base * 2, base - 0.1, 0.9)
    elif kind is str:
        yield from ("magma", "text", "other", "config/config.yaml")
    elif get_origin(kind) is list:
        inner = get_args(kind)[0]
        have = value if isinstance(value, list) else []
        known = list(_values(inner, have[-1] if have else None))
        yield from ([*have, extra] for extra in known if extra not in have)
        yield from ([extra] for extra in known)
        yield have[:-1]
        yield have[::-1]
    elif get_origin(kind) is dict:
        inner = get_args(kind)[1]
        yield from ({"length": {"min_words": 5}}, {"distinct_n": {"n": 3}}, {"report": {}})
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield {}


def changed(config: dict[str, Any], path: tuple[str, ...], kind: Any) -> dict[str, Any] | None:
    """The configuration with another value for one key, or None where none was found to fit."""
    here: Any = config
    for part in path:
        here = here.get(part) if isinstance(here, dict) else None
    if here is None:
        study: Any = load_study(config)
        for part in path:
            found = study.get(part) if isinstance(study, dict) else None
            for name in type(study).model_fields if isinstance(study, BaseModel) else ():
                if part in (name, type(study).model_fields[name].alias):
                    found = getattr(study, name)
            study = found
        here = study
    for value in _values(kind, here):
        if value == here:
            continue
        new = copy.deepcopy(config)
        place = new
        for part in path[:-1]:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[path[-1]] = value
        try:
            if load_study(new) != load_study(config):
                return new
        except ConfigError:
            continue
    return None


def config_rows(config: dict[str, Any]) -> Iterator[tuple[str, list[str], list[str]]]:
    """(key, rules that run again, rules that follow) for every key that can be changed alone."""
    base = graph(config)
    for path, kind in keys(Study, config, ()):
        new = changed(config, path, kind)
        if new is not None:
            yield ".".join(path), *reruns(base, graph(new))


def module_rows(config: dict[str, Any]) -> Iterator[tuple[str, list[str], list[str]]]:
    """(module, rules whose code digest it is part of, rules that follow) for every module."""
    base = graph(config)
    scripts = digest.SCRIPTS
    reached = {}
    for rule in dict.fromkeys(job.rule for job in base.values()):
        text = "".join(file.read_text() for file in (ROOT / "workflow/rules").glob("*.smk"))
        script = text.split(f"rule {rule}:")[1].split('code=code("')[1].split('"')[0]
        reached[rule] = digest.code_files(script)
    for file in sorted(scripts.rglob("*.py")):
        if "snakemake_logger" in str(file):
            continue
        name = str(file.relative_to(scripts))
        direct = {rule for rule, files in reached.items() if file in files}
        touched = {
            key: Job(job.rule, (*job.compared, "new"), job.depends) if job.rule in direct else job
            for key, job in base.items()
        }
        yield name, *reruns(base, touched)


HEAD = """\
# What a change makes run again

Made by `make docs`; do not edit. Each key of the embedded study (`config/config.yaml`) was given
another value, and each module another statement; Snakemake's graph says which jobs then differ.
"Runs again" are rules of which some job has new settings, inputs or code, and only those jobs run;
"follows" are rules that read their outputs, and stop where the bytes come out the same on their
own. Keys that are off in the embedded study stand in `config/README.md`.

Nothing at all runs again after: a comment, a docstring, reformatting, a touched file, a fresh
checkout beside old results, another partition, other memory, time or cores.
"""


def table(head: str, rows: Iterator[tuple[str, list[str], list[str]]]) -> str:
    """Markdown."""
    lines = [f"| {head} | runs again | follows |", "|---|---|---|"]
    for name, direct, follow in rows:
        cells = [", ".join(direct) or "nothing", ", ".join(follow)]
        lines.append(f"| `{name}` | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def page() -> str:
    """docs/reruns.md."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    parts = [HEAD, "## Keys of the configuration\n", table("key", config_rows(config))]
    parts += ["\n## Modules and scripts\n", table("file", module_rows(config))]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
