"""Digests of code: a changed statement reruns the jobs that can execute it, and no other."""

import ast
import functools
import hashlib
from pathlib import Path

from mixtura.digest import digest

SCRIPTS = Path(__file__).resolve().parent.parent
WHERE_ONLY = ("mixtura/gpus.py",)  # says where a job runs, never what comes out


def code_digest(script: str, *by_name: str) -> str:
    """Digest of a script and of every module beside it that it imports, directly or not.

    `by_name` are the modules that the job imports by a name in its settings (dials, backends):
    the script does not tell them. Syntax trees are hashed without docstrings, so that comments,
    docstrings and formatting rerun nothing, and a changed statement reruns the jobs that reach it.
    """
    files = code_files(script, *by_name)
    return digest([(str(file.relative_to(SCRIPTS)), _tree(file)[0]) for file in files])


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
def _tree(file: Path) -> tuple[str, tuple[Path, ...]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported: list[Path] = []
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [path for name in node.names for path in _module_files(name.name)]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported += _module_files(node.module)
            for name in node.names:
                imported += _module_files(f"{node.module}.{name.name}")
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), tuple(imported)


def _module_files(name: str) -> list[Path]:
    base = SCRIPTS.joinpath(*name.split("."))
    return [file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()]
