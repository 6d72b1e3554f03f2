"""Python files of the user's own: dials and measures from outside the repository."""

import importlib.util
from pathlib import Path
from types import ModuleType


def load_own(file: str, function: str, kind: str) -> ModuleType:
    """The module in a Python file. Raises ValueError where it has no such function.

    `kind` is what the file is, in words that the error uses.
    """
    spec = importlib.util.spec_from_file_location(f"own_{Path(file).stem}", file)
    assert spec and spec.loader  # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, function):
        raise ValueError(f"{file}: {kind} needs a function {function}; see docs/extending.md")
    return module
