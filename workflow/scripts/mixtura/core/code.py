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
from pathlib import Path

from mixtura.core.digest import digest
from mixtura.core.packages import PACKAGES, version_of

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
    modules = set().union(*(_tree(file)[2] for file in code_files(script, *by_name)))
    names = sorted(PACKAGES[module] for module in modules & PACKAGES.keys())
    return [(name, version) for name in names if (version := version_of(name))]


def file_digest(file: Path) -> str:
    """Digest of a Python file from elsewhere and of what it imports of ours, as `code_digest`."""
    ours = sorted(_reached([file]) - {file})
    return digest([_tree(file)[0], *((str(f.relative_to(SCRIPTS)), _tree(f)[0]) for f in ours)])


def code_files(script: str, *by_name: str) -> list[Path]:
    """The files that `code_digest` covers."""
    todo = [SCRIPTS / script]
    for name in by_name:
        if not (files := _module_files(name)):
            raise ValueError(f"there is no module {name}")
        todo += files
    return sorted(_reached(todo) - {SCRIPTS / name for name in WHERE_ONLY})


def _reached(todo: list[Path]) -> set[Path]:
    seen: set[Path] = set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += _tree(file)[1]
    return seen


@functools.cache
def _tree(file: Path) -> tuple[str, tuple[Path, ...], frozenset[str]]:
    """Digest of a file's statements, the files of ours that it imports, and modules by name."""
    tree = ast.parse(file.read_text(encoding="utf-8-sig"))
    imported: list[Path] = []
    modules: set[str] = set()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [path for name in node.names for path in _module_files(name.name)]
            modules |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported += _module_files(node.module)
            modules.add(node.module.partition(".")[0])
            for name in node.names:
                imported += _module_files(f"{node.module}.{name.name}")
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.Call) and _DECLARES.match(ast.unparse(node.func)):
            node.keywords = [word for word in node.keywords if word.arg != "description"]
    statements = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return statements, tuple(imported), frozenset(modules)


def _module_files(name: str) -> list[Path]:
    base = SCRIPTS.joinpath(*name.split("."))
    return [file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()]
