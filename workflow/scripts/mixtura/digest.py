"""Digests of settings, of text and of code: what decides whether a result is still valid."""

import ast
import functools
import hashlib
import json
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent
WHERE_ONLY = ("mixtura/gpus.py",)  # says where a job runs, never what comes out


def canonical_json(settings: object) -> str:
    """JSON with sorted keys, so that equal settings are equal strings."""
    return json.dumps(settings, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(settings: object, size: int = 6) -> str:
    """Hexadecimal digest (2 * `size` characters) of JSON-like `settings`."""
    return hashlib.blake2b(canonical_json(settings).encode(), digest_size=size).hexdigest()


def row_id(origin: str, *content: str) -> str:
    """Stable id of a row: a hash of where it comes from and what it says."""
    return digest([origin, *content], size=8)


def code_digest(script: str) -> str:
    """Digest of a script and of every module beside it that it imports, directly or not.

    Syntax trees are hashed without docstrings, so that comments, docstrings and formatting
    rerun nothing, and a changed statement reruns the rules whose scripts reach it.
    """
    files = code_files(script)
    return digest([(str(file.relative_to(SCRIPTS)), _tree(file)[0]) for file in files])


def file_digest(file: Path) -> str:
    """Digest of a Python file from elsewhere and of what it imports of ours, as `code_digest`."""
    ours = sorted(_reachable(file) - {file})
    return digest([_tree(file)[0], *((str(f.relative_to(SCRIPTS)), _tree(f)[0]) for f in ours)])


def code_files(script: str) -> list[Path]:
    """The files that `code_digest` covers."""
    return sorted(_reachable(SCRIPTS / script) - {SCRIPTS / name for name in WHERE_ONLY})


def _reachable(script: Path) -> set[Path]:
    seen: set[Path] = set()
    todo = [script]
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
