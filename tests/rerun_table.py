"""Which rules a change makes run again: `python tests/rerun_table.py > docs/reruns.md`.

Every key of the configuration is changed in a study that uses it, and Snakemake's own graph of both
says which jobs differ in what Snakemake compares: outputs, inputs and parameters. Nothing runs.
test_reruns.py checks the same against dry runs beside finished results.
"""

import copy
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from snakemake.api import SnakemakeApi
from snakemake.dag import DAG
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

FOLDER = Path(tempfile.mkdtemp())  # the same for all: inputs are compared by their paths
RULES: list[str] = []  # in the order of the data


def told_files(script: str, *by_name: str) -> str:
    """What stands in the graphs for the digest of a job's code: the files that it covers."""
    return " ".join(str(f.relative_to(code.SCRIPTS)) for f in code.code_files(script, *by_name))


class Found(Exception):
    """Carries the graph out of Snakemake."""


@dataclass(frozen=True)
class Job:
    """A job as Snakemake compares it."""

    rule: str
    compared: tuple[str, ...]
    depends: frozenset[str]
    files: frozenset[str]  # of its code


Graph = dict[str, Job]


def graph(study: dict[str, Any]) -> Graph:
    """First output -> job, of a whole study that has not run, and of its export."""

    def stats(dag: DAG) -> None:
        raise Found(dag)

    DAG.stats = stats
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
    except Found as rules_of:
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


def labelled_line(number: int) -> str:
    """A row with two columns of text and two of labels, so that one can take the other's place."""
    label = ("negative", "positive")[number % 2]
    text = f"row number {number} of the file"
    return json.dumps({"text": text, "magma": f"{text}, again", "label": label, "other": label})


def labelled_cells(number: int, table: str = "table") -> str:
    """As `labelled_line`, two cells of CSV."""
    return f"row number {number} of the {table},{('negative', 'positive')[number % 2]}"


def facts_and_riddles() -> str:
    """The embedded questions, and as many that have no answer."""
    document = json.loads((ROOT / "config/data/facts-qa.json").read_text())
    for paragraph in (part for article in document["data"] for part in article["paragraphs"]):
        paragraph["qas"] += [
            {"question": f"Not that, but {qa['question']}", "answers": [], "is_impossible": True}
            for qa in paragraph["qas"]
        ]
    return json.dumps(document)


def files_of(folder: Path) -> dict[str, str]:
    """Files that the studies below name: two of each, so that one can take the other's place."""
    texts = {
        "rows.jsonl": "\n".join(map(labelled_line, range(3000))),
        "rare.jsonl": "\n".join(labelled_line(n) for n in range(6000) if n % 6 in (0, 1, 2, 4)),
        "table.csv": "\n".join(["text,label", *map(labelled_cells, range(3000))]),
        **{
            f"{name}.csv": "\n".join(["text,label", *(labelled_cells(n, name) for n in range(700))])
            for name in ("tests", "devs", "mails")
        },
        "facts.json": facts_and_riddles(),
        "lines.txt": "\n".join(f"line {number}" for number in range(99)),
        "dial.py": "def specify(level, given, indices):\n    return []\n",
        "measure.py": "def measure(texts, embeddings):\n    return 0.0\n",
        "fit.py": "def fit_predict(texts, labels, unseen, classes, seed):\n    return []\n",
        "prompt.j2": "{{ noun }}: ",
        "model/config.json": "{}",
        "adapter/adapter_config.json": "{}",
        "tasks/mood.yaml": "task: mood\n",
    }
    for name, text in texts.items():
        for copied in ("", "other-"):
            file = folder / f"{copied}{name}"
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{text}\n")
    tops = [name.partition("/")[0] for name in texts]
    return {top.partition(".")[0]: str(folder / top) for top in tops}


def studies() -> dict[str, dict[str, Any]]:
    """Title -> a study. Together they switch everything on."""
    files = files_of(FOLDER)
    demo, qa = (
        yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("config", "qa")
    )
    qa["task"]["data"]["path"] = files["facts"]
    few = {
        **demo,
        "generate": {**demo["generate"], "levels": ["D3"], "n": 64},
        "designs": {"real": [64], "mix-add": {"ratios": [1]}},
        "downstream": {"minilm": {"model": "minilm"}},
        "replicates": 1,
    }
    topic, plain = few["pipelines"]["topic"], {"of": "topic", "curation": "exact"}
    generators = {
        "study": "generators",
        # A test set of the default size: keys of one of its own stand beside no other.
        "task": {key: value for key, value in few["task"].items() if key != "test"},
        "models": {**few["models"], "own": {"path": files["model"]}, "far": {"hub": "far/away"}},
        "generators": {
            **few["generators"],
            "engine": {
                **{"model": "own", "backend": "vllm", "format": "chat", "prompt": files["prompt"]},
                "vllm": {"python": "python3", "adapter": files["adapter"]},
            },
            "server": {
                "backend": "openai",
                "openai": {"base_url": "http://localhost:8000/v1", "model": "large"},
            },
        },
        "pipelines": {
            **{"topic": topic, "plain": plain},
            "several": {
                **{"dial": "sources", "of": "topic", "level": "D3"},
                "levels": {"D3": {"generators": ["engine", "server"]}},
            },
        },
        "generate": {
            **few["generate"],
            "generators": ["smollm2", "engine", "server"],
            "pipelines": ["topic", "plain", "several"],
        },
        "designs": {**few["designs"], "sources": {}},
        "curation": {
            "full": {"filters": {"label_consistency": {"judge": "server"}}, "semantic": {}}
        },
        "diversity": {"judge": "engine"},
        "embedders": ["minilm", "far"],
        "embeddings": {"kinds": {"far": "sentence"}},
    }
    dials: dict[str, dict[str, Any]] = {
        "written": {"dial": "topic", "topics": "written", "prompt": files["prompt"]},
        "listed": {"dial": "topic", "topics": "file", "file": files["lines"]},
        "temperature": {"dial": "temperature"},
        "persona": {"dial": "persona", "file": files["lines"]},
        "people": {"dial": "persona", "personas": ["a chef", "a poet", "a nurse", "a pilot"]},
        "incentive": {"dial": "incentive"},
        "mine": {"dial": "module", "file": files["dial"]},
        "paraphrase": {"dial": "paraphrase", "of": "topic", "level": "D3", "prompt": "paraphrase"},
        "selection": {"dial": "selection", "pool": {"topic": ["D3"], "listed": ["D3"]}},
    }
    settings = {
        **{"topic": {"topics": 3}, "temperature": {"temperature": 0.7}, "persona": {"personas": 2}},
        **{"incentive": {"hints": 1}, "module": {"moods": 2}, "paraphrase": {"sources": 2}},
        "selection": {"target": 5.0},
    }
    for graph_jobs in dials.values():
        graph_jobs["levels"] = {"D3": settings[graph_jobs["dial"]]}
    pipelines = {
        "study": "pipelines",
        "pipelines": {"topic": topic, **dials, "plain": plain},
        "generate": {**few["generate"], "pipelines": ["topic", *dials, "plain"]},
    }
    paired = {"path": files["rows"], "prompt": "text", "response": "magma"}
    lora = {"model": "smollm2", "kind": "causal-lm", "lora": {}, "keep_checkpoint": True}
    lm_eval = {"python": "python3", "tasks": ["mood"], "include": files["tasks"]}
    training = {
        "study": "training",
        "replicates": {"count": 2, "share": []},
        "task": {
            **{**few["task"], "data": {"hub": "far/rows"}, "development": 64},
            "shifted": {"other": {"path": files["rows"]}},
        },
        "models": {**few["models"], "far": {"hub": "far/away"}},
        "embedders": ["minilm", "far"],
        "generators": {**few["generators"], "twin": few["generators"]["smollm2"]},
        "pipelines": {"topic": topic, "again": topic},
        "generate": {
            **few["generate"],
            **{"pipelines": ["topic", "again"], "levels": ["D0", "D3"]},
        },
        "designs": {
            **{"real": [64], "mix-fixed": {"total": 64, "shares": [0.5]}, "controls": []},
            "grid": {"generated": [32, 64]},
            "loop": {
                **{"pipeline": "topic", "level": "D3", "rounds": 1},
                **{"schemes": ["accumulate", "verified"], "judge": "smollm2"},
            },
        },
        "diversity": {"own": {"mine": files["measure"]}},
        "shift": {"own": {"mine": files["measure"]}},
        "downstream": {
            "encoder": {"model": "minilm", "search": {"learning_rate": [1e-4, 1e-3]}},
            "lora": {**lora, "lm_eval": lm_eval},
            "whole": {"model": "smollm2", "kind": "causal-lm"},
            "setfit": {"kind": "setfit", "model": "minilm"},
            "probe": {"kind": "probe", "embedder": "minilm", "search": {"c": [1.0, 10.0]}},
            "own": {"kind": "module", "file": files["fit"], "options": {"n": 1}},
        },
    }
    instructions = {
        "study": "instructions",
        "task": {**qa["task"], "kind": "instruction", "data": paired, "test": {"folds": 2}},
        "replicates": 4,
        "pipelines": {"topic": topic},
        "generate": {**qa["generate"], "pipelines": ["topic"], "levels": ["D3"]},
    }
    judged = {**qa, "curation": {"exact": {"filters": {"quality": {"judge": "smollm2"}}}}}
    table = {"path": files["table"]}
    labels = {"negative": "negative", "positive": "positive"}
    chat = {
        "study": "chat",
        "task": {
            **{**few["task"], "data": table, "labels": labels, "shifted": {"other": table}},
            **{"test": {"data": {"path": files["tests"]}, "rows": 500}},
            **{"development": {"data": {"path": files["devs"]}, "rows": 64}},
            "unlabelled": {"path": files["mails"]},
        },
        "generators": {
            name: {**few["generators"]["smollm2"], "format": "chat"} for name in ("smollm2", "twin")
        },
        "pipelines": {"several": {"dial": "several", "levels": {"D3": {"texts": 3}}}},
        "generate": {**few["generate"], "pipelines": ["several"]},
        "designs": {
            **few["designs"],
            "alternatives": {
                "few-shot": {"generator": "smollm2"},
                "eda": {},
                "labelled": {"generator": "smollm2"},
            },
        },
    }
    filled = {
        "study": "filled",
        "task": {
            **few["task"],
            "data": {"path": files["rare"]},
            "labels": labels,
            "balance": {"real": "natural", "generated": "natural"},
        },
        "designs": {"real": [64], "fill": {"shares": [0.5]}, "controls": []},
        "downstream": {"probe": {"kind": "probe", "embedder": "minilm"}},
    }
    return {
        "The embedded study (`config/config.yaml`)": demo,
        "Several generators: an engine, a server, sets of several, judges": few | generators,
        "Other pipelines": few | pipelines,
        "Self-training, other designs, models, measures and test sets": few | training,
        "Questions about passages (`config/qa.yaml`), with a judge": judged,
        "Instructions, in folds": qa | instructions,
        "Several texts in one answer of a chat, official splits in CSV files, alternatives": few
        | chat,
        "Rare labels that are filled": few | filled,
    }


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
    code.code_digest = told_files
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
