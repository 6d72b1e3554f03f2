"""Write the graph of a study as a bare Snakefile: `python bare_graph.py FOLDER ARGUMENTS`.

The same rules, jobs, inputs, outputs, wildcards, constraints, logs, benchmarks, environments,
messages, scripts and resources, but no Python of ours: params, threads and resources are constants,
and what an input function answers is looked up in a table. It is what Snakemake itself takes to
plan this graph.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from snakemake.cli import main
from snakemake.dag import DAG
from snakemake.io import is_flagged

FEW = 20  # files of an input that stand in the rule itself
HEAD = """\
import json
from pathlib import Path

# Rule -> name of an input -> values of the wildcards -> files.
INPUTS = json.loads(Path(workflow.current_basedir, "inputs.json").read_text())


def of(rule, name):
    files = INPUTS[rule][name]
    return lambda wildcards: files.get("/".join(wildcards), [])


wildcard_constraints:
"""


def write_graph(dag: DAG, folder: Path) -> None:
    """Write Snakefile and inputs.json."""
    inputs: dict[str, dict[str, dict[str, list[str]]]] = {}
    for job in dag.jobs:
        names = inputs.setdefault(job.rule.name, {})
        places = {name: [] for name in job.input.keys()}  # noqa: SIM118
        for name in places:
            files = job.input[name]
            places[name] = [files] if isinstance(files, str) else list(files)
        if unnamed := len(job.input) - sum(map(len, places.values())):
            places[""] = list(job.input[:unnamed])
        for name, files in places.items():
            names.setdefault(name, {})["/".join(job.wildcards)] = list(map(str, files))
    (folder / "inputs.json").write_text(json.dumps(inputs))
    lines = [f"    {k}={v!r}," for k, v in dag.workflow.wildcard_constraints.items()]
    used = {job.rule.name: job for job in dag.jobs}
    local = [name for name in dag.workflow._localrules if name in used]
    rules = [rule for rule in dag.workflow.rules if rule.name in used]
    parts = [HEAD + "\n".join(lines), f"localrules: {', '.join(local)}"]
    parts += ["\n".join(_rule(rule, used[rule.name], inputs[rule.name])) for rule in rules]
    (folder / "Snakefile").write_text("\n\n\n".join(parts) + "\n")


def _rule(rule: Any, job: Any, inputs: dict[str, Any]) -> Iterator[str]:
    """Lines of one rule. `job` is one of its jobs, whose answers serve for all."""
    yield f"rule {rule.name}:"
    if rule.name == "all":
        yield "    default_target: True"
    yield "    input:"
    named = {name: (at, end or at + 1) for name, (at, end) in rule.input._get_names()}
    for name in sorted(inputs):
        files = rule.input[slice(*named.get(name, (0, 0)))]
        text = f"of({rule.name!r}, {name!r})"
        if 0 < len(files) <= FEW and all(isinstance(file, str) for file in files):
            written = ", ".join(repr(str(file)) for file in files)
            text = f"[{written}]" if named[name][1] > named[name][0] + 1 else written
        yield f"        {name and name + '='}{text},"
    if not rule.output:
        return
    yield "    output:"
    names = {at: name for name, (at, _) in rule.output._get_names()}
    for at, file in enumerate(rule.output):
        text = repr(str(file))
        for flag in ("directory", "temp"):
            text = f"{flag}({text})" if is_flagged(file, flag) else text
        yield f"        {names[at] + '=' if at in names else ''}{text},"
    yield from _directive("log", [repr(str(file)) for file in rule.log])
    yield f"    benchmark: {str(rule.benchmark)!r}"
    if rule.wildcard_constraints:
        pairs = rule.wildcard_constraints.items()
        yield from _directive(
            "wildcard_constraints", [f"{name}={value!r}" for name, value in pairs]
        )
    yield f"    conda: {_place(rule, rule.conda_env)!r}"
    yield f"    threads: {job.threads}"
    declared = {k: v for k, v in job.resources.items() if k in rule.resources and k[0] != "_"}
    declared.pop("tmpdir", None)
    yield from _directive("resources", [f"{name}={value!r}" for name, value in declared.items()])
    params = {name: _plain(value) for name, value in job.params.items()}
    yield from _directive("params", [f"{name}={value!r}" for name, value in params.items()])
    yield f"    message: {rule.message!r}"
    yield f"    script: {_place(rule, rule.script)!r}"


def _place(rule: Any, file: Any) -> str:
    """Path of an environment or a script, which a rule names from where its own file lies."""
    return str(Path(rule.basedir.get_path_or_uri(secret_free=False), str(file)).resolve())


def _directive(directive: str, values: Iterable[str]) -> Iterator[str]:
    yield f"    {directive}:"
    yield from (f"        {value}," for value in values)


def _plain(value: Any) -> Any:
    return value.replace("{", "(").replace("}", ")") if isinstance(value, str) else str(value)


if __name__ == "__main__":
    folder, *arguments = sys.argv[1:]

    def write(dag: DAG) -> None:
        """In place of the last check of a new graph: write it and end."""
        write_graph(dag, Path(folder))
        raise SystemExit

    DAG.check_directory_outputs = write
    main([*arguments, "--dry-run", "--quiet", "all"])
