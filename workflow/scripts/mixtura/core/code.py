"""Digests of code: a changed statement reruns the jobs that can execute it, and no other.

`import mixtura.room.module` also executes the `__init__` files of mixtura and of the room. A job
depends on such a file only if it imports a name from it, so only then is it covered: the files hold
imports and definitions alone (a test looks), which do nothing on their own. Public names that a
room exports are imported there when they are asked for, and no job asks for them: it imports them
from the module that defines them (the same test), so that an export makes no job depend on it.
"""

import ast
import functools
import hashlib
import re
import sys
from pathlib import Path

from mixtura.core.digest import digest
from mixtura.core.packages import PACKAGES, version_of
from mixtura.core.record import Record

SCRIPTS = Path(__file__).resolve().parents[2]
_DECLARES = re.compile(r"(Field|Vector|dy\.\w+)$")  # a field of a model, a column of a table
WHERE_ONLY = ("mixtura/core/gpus.py",)  # says where a job runs, never what comes out


def code_digest(script: str, *by_name: str) -> str:
    """Digest of a script and of every module beside it that it imports, directly or not.

    `by_name` are the modules that the job imports by a name in its settings (dials, backends):
    the script does not tell them. Syntax trees are hashed without docstrings and descriptions of
    fields and columns, so that comments, docstrings and formatting rerun nothing, and a changed
    statement reruns the jobs that reach it.
    """
    files = code_files(script, *by_name)
    return digest([(str(file.relative_to(SCRIPTS)), _tree(file)[0]) for file in files])


def package_versions(script: str, *by_name: str) -> list[tuple[str, str]]:
    """Packages of `PACKAGES` that these files import, and their versions, those installed."""
    names = {name for file in code_files(script, *by_name) for name in _tree(file)[1]}
    modules = {name.partition(".")[0] for name in names}
    names = {PACKAGES[module] for module in modules & PACKAGES.keys()}
    return [(name, version) for name in sorted(names) if (version := version_of(name))]


def file_digest(file: Path) -> str:
    """Digest of a Python file from elsewhere and of what it imports of ours, as `code_digest`."""
    ours = sorted(_reached([file]) - {file})
    return digest([_tree(file)[0], *((str(f.relative_to(SCRIPTS)), _tree(f)[0]) for f in ours)])


def code_files(script: str, *by_name: str) -> list[Path]:
    """The files that `code_digest` covers."""
    todo = [SCRIPTS / script]
    for name in by_name:
        if not (files := _module_files(SCRIPTS, name)):
            raise ValueError(f"there is no module {name}")
        todo += files
    return sorted(_reached(todo) - {SCRIPTS / name for name in WHERE_ONLY})


def _reached(todo: list[Path]) -> set[Path]:
    seen: set[Path] = set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += [path for name in _tree(file)[1] for path in _module_files(SCRIPTS, name)]
    _trees().save()
    return seen


@functools.cache
def _tree(file: Path) -> tuple[str, list[str]]:
    """Digest of a file's statements, and all modules and names in modules that it imports."""
    statements, names = _trees()[file]
    return statements, names


@functools.cache
def _trees() -> Record[tuple[str, list[str]]]:
    """Trees that were read before, beside the byte code: each dry run asks for every file."""
    reader = digest(Path(__file__).read_text(encoding="utf-8"), 8)  # another one reads anew
    name = f"trees.{sys.implementation.cache_tag}.{reader}.json"
    return Record(Path(__file__).parent / "__pycache__" / name, _read_tree)


def _read_tree(file: Path) -> tuple[str, list[str]]:
    tree = ast.parse(file.read_text(encoding="utf-8-sig"))
    names: set[str] = set()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.Call) and _DECLARES.match(ast.unparse(node.func)):
            node.keywords = [word for word in node.keywords if word.arg != "description"]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), sorted(names)


@functools.cache
def _module_files(folder: Path, name: str) -> list[Path]:
    base = folder.joinpath(*name.split("."))
    return [file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()]
