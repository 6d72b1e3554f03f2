"""Which rules a change makes run again: `python tests/rerun_table.py > docs/reruns.md`.

Every key of the configuration is changed in a study that uses it, and Snakemake's own graph of both
says which jobs differ in what Snakemake compares: outputs, inputs and parameters. Nothing runs.
test_reruns.py checks the same against dry runs beside finished results.
"""

import copy
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from snakemake.api import SnakemakeApi
from snakemake.dag import DAG
from snakemake.parser import parse
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from mixtura.core import code  # noqa: E402
from mixtura.plan.plan import read_plan  # noqa: E402
from mixtura.prepare.sources import DATA_PACKAGES, MODEL_PACKAGES  # noqa: E402
from mixtura.study import downstream  # noqa: E402
from mixtura.study.base import ConfigError  # noqa: E402
from mixtura.study.errors import sections, tags  # noqa: E402
from mixtura.study.load import load_study  # noqa: E402
from mixtura.study.study import Study  # noqa: E402
from rerun_studies import FOLDER, studies  # noqa: E402

RULES: list[str] = []  # in the order of the data


def covered_files(script: str, *by_name: str) -> str:
    """What stands in the graphs for the digest of a job's code: the files that it covers."""
    return " ".join(str(f.relative_to(code.SCRIPTS)) for f in code.code_files(script, *by_name))


class Planned(Exception):
    """Carries the graph out of Snakemake."""


@dataclass(frozen=True)
class Job:
    """A job as Snakemake compares it."""

    rule: str
    compared: tuple[str, ...]
    depends: frozenset[str]
    files: frozenset[str]  # of its code


Graph = dict[str, Job]
PARSED: dict[tuple[str, int], tuple[str, int, dict[int, int]]] = {}


def parsed(
    file: Any, of: Any, linemap: dict[int, int], overwrite_shellcmd: Any = None, rulecount: int = 0
) -> tuple[str, int]:
    """As Snakemake parses a file of rules, once for each: no file changes between two graphs."""
    key = file.get_path_or_uri(secret_free=True), rulecount
    if key not in PARSED:
        lines: dict[int, int] = {}
        PARSED[key] = (*parse(file, of, lines, overwrite_shellcmd, rulecount), lines)
    source, count, lines = PARSED[key]
    linemap |= lines
    return source, count


def graph(study: dict[str, Any]) -> Graph:
    """First output -> job, of a whole study that has not run, and of its export."""

    def planned(dag: DAG) -> None:
        raise Planned(dag)

    DAG.update_container_imgs = planned  # the first thing that is done with a whole graph
    sys.modules["snakemake.workflow"].parse = parsed  # type: ignore[attr-defined]
    file = FOLDER / "study.yaml"
    file.write_text(yaml.safe_dump(study))
    try:
        with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
            api.workflow(
                resource_settings=ResourceSettings(cores=1),
                config_settings=ConfigSettings(configfiles=[file]),
                snakefile=ROOT / "Snakefile",
                workdir=FOLDER,
            ).dag(DAGSettings(targets={"all", "export"})).execute_workflow(executor="dryrun")
    except Planned as rules_of:
        dag = rules_of.args[0]
    RULES[:] = [rule.name for rule in dag.workflow.rules]
    graph_jobs = {}
    for job in dag.jobs:
        if job.output:
            params = sorted(map(str, job.non_derived_params))
            before = frozenset(str(above.output[0]) for above in dag.dependencies[job])
            compared = (*map(str, job.output), *sorted(map(str, job.input)), *params)
            files = frozenset(job.params.code.split())
            graph_jobs[str(job.output[0])] = Job(job.rule.name, compared, before, files)
    return graph_jobs


def reruns(old: dict[str, Job], new: dict[str, Job]) -> tuple[list[str], list[str]]:
    """Rules with jobs that a change makes run, and rules that only follow from those."""
    direct = {name for name, job in new.items() if old.get(name) != job}
    todo = set(direct)
    while more := {n for n, job in new.items() if n not in todo and job.depends & todo}:
        todo |= more
    rules = {new[name].rule for name in direct}
    return _ordered(rules), _ordered({new[name].rule for name in todo} - rules)


def _ordered(rules: set[str]) -> list[str]:
    return sorted(rules, key=RULES.index)


Key = tuple[tuple[str, ...], str, Any]  # path in a study, place in the schema, type


def keys(
    kind: Any, value: Any = None, path: tuple[str, ...] = (), place: tuple[str, ...] = ()
) -> Iterator[Key]:
    """Every key of a study, or, without one, of the schema."""
    rules_of = sections(kind)
    if rules_of and get_origin(kind) is dict:
        for name, inner in (value or {"NAME": None}).items():
            yield from keys(get_args(kind)[1], inner, (*path, name), (*place, "NAME"))
    elif rules_of:
        for section in (
            rules_of if value is None else [part for part in rules_of if _fits(part, value)]
        ):
            where = (
                place if len(rules_of) == 1 else (*place[:-1], f"{place[-1]}({tags(section)[0]})")
            )
            for name, field in section.model_fields.items():
                key = field.alias or name
                inner = value.get(key) if isinstance(value, dict) else None
                yield from keys(field.annotation, inner, (*path, key), (*where, key))
    elif get_origin(kind) is not Literal or len(get_args(kind)) > 1:  # else it names its section
        yield path, ".".join(place), kind


def _fits(kind: Any, value: Any) -> bool:
    try:
        return kind.model_validate(value) is not None
    except (AttributeError, ValueError):
        return False


def _values(kind: Any, value: Any, words: list[str]) -> Iterator[Any]:
    """Other values that a key may take, likely ones first."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        for part in get_args(kind):
            yield from _values(part, value, words)
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
        yield from words
    elif get_origin(kind) is list:
        inner = get_args(kind)[0]
        have = value if isinstance(value, list) else []
        known = list(_values(inner, have[-1] if have else None, words))
        yield from ([*have, extra] for extra in known if extra not in have)
        yield from ([extra] for extra in known)
        yield have[:-1]
        yield have[::-1]
    elif get_origin(kind) is dict:
        have = value if isinstance(value, dict) else {}
        for name in have or ("D0", "vendi_score", "mine", "seed"):
            inner = _values(get_args(kind)[1], have.get(name), words)
            yield from ({**have, name: other} for other in inner)
    else:
        yield {"n": 3}


def changed(
    study: dict[str, Any], path: tuple[str, ...], kind: Any, words: list[str]
) -> dict[str, Any] | None:
    """The study with another value for one key, or None where none was found to fit."""
    now = load_study(study)
    here: Any = now.model_dump(by_alias=True)
    for part in path:
        here = here.get(part) if isinstance(here, dict) else None
    for value in _values(kind, here, words):
        new = copy.deepcopy(study)
        place = new
        for part in path[:-1]:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[path[-1]] = value
        try:
            if read_plan(new).sets.configured != now:
                return new
        except ConfigError:
            continue
    return None


# Keys that fit no other value unless more is changed with them.
TOGETHER = {
    "generators.smollm2.backend": {"backend": "vllm", "vllm": {"python": "python3"}},
}


TELL = {"report", "export_set", "export_best"}  # what prints the configuration
Row = tuple[str, list[str], list[str]]  # what is changed, rules that run again, that follow


def key_rows(study: dict[str, Any], base: Graph, done: dict[str, bool]) -> Iterator[Row]:
    """Every key that can be changed, once for each place in the schema.

    `done` says of a place whether a change of it did more than to be told in the report. If not, a
    later study may use it, and tells it again.
    """
    words = ["magma", "text", "other", "D0", "none", "exact", "http://other"]
    words += [",", "utf-8", "de", "grid"]
    words += [*study["models"], *study["generators"], *study["pipelines"]]
    words += [*DATA_PACKAGES, *MODEL_PACKAGES, *map(str, sorted(FOLDER.glob("other-*")))]
    for path, place, kind in keys(Study, study):
        name = ".".join(path)
        if done.get(place):
            continue
        if name in TOGETHER:
            new: dict[str, Any] | None = copy.deepcopy(study)
            new[path[0]][path[1]] |= TOGETHER[name]
        else:
            new = changed(study, path, kind, words)
        if new:
            again, follow = reruns(base, graph(new))
            used = not again or not set(again) <= TELL
            if used or place not in done:
                yield name, again, follow
            done[place] = used


def code_rows(graphs: list[Graph]) -> Iterator[Row]:
    """Every module and script: (file, rules of all studies, rules of the first) that run again."""
    for file in sorted(code.SCRIPTS.rglob("*.py")):
        name = str(file.relative_to(code.SCRIPTS))
        if "snakemake_logger" not in name:
            rules_of = [
                {job.rule for job in graph_jobs.values() if name in job.files}
                for graph_jobs in graphs
            ]
            yield name, _ordered(set().union(*rules_of)), _ordered(rules_of[0])


HEAD = """\
# What a change makes run again

Made by `make docs`; do not edit. Each key was given another value in a study that uses it, and
Snakemake's graph says which jobs then differ. "Runs again" are rules of which some job has new
settings or inputs, and only those jobs run; "follows" are rules that read their outputs, and stop
where the bytes come out the same on their own. `export_set` and `export_best` run only when
`export` is asked for. Every key of the schema stands in one of these tables, in the first study
that uses it; what a study does not use changes no more than its report and its cards, which tell
it. `dial` and `kind` say what a section is: another one is another pipeline, or another model.

Nothing at all runs again after: a comment, a docstring, reformatting, a touched file, a fresh
checkout beside old results, another partition, other memory, time or cores.
"""
CODE = """
## Modules and scripts

A change of a statement in a file runs these rules again, and what follows from their outputs. A
dial or a backend runs those jobs alone whose set it writes. The last column is the same for the
embedded study, which uses less. Files with "nothing" plan, check or print, and make no result.
"""


def table(heads: tuple[str, str, str], rows: Iterator[Row]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|"]
    for name, first, second in rows:
        lines.append(f"| `{name}` | {', '.join(first) or 'nothing'} | {', '.join(second)} |")
    return "\n".join(lines)


def page() -> str:
    """docs/reruns.md."""
    # Its version is read once, here of none; jobs tell their files instead of their digest.
    downstream.version_in = lambda python, package: "0"
    code.code_digest = covered_files
    parts, graphs = [HEAD], []
    done: dict[str, bool] = {}
    for title, study in studies().items():
        graphs.append(graph(study))
        graph_jobs = table(("key", "runs again", "follows"), key_rows(study, graphs[-1], done))
        parts.append(f"## {title}\n\n{graph_jobs}\n")
    if missing := [place for _, place, _ in keys(Study) if place not in done]:
        raise SystemExit(f"no study of these tables can change {', '.join(missing)}")
    files = table(("file", "runs again", "in the embedded study"), code_rows(graphs))
    return "\n".join([*parts, CODE.lstrip(), files]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
