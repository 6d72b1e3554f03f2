"""Files of a person: dials, measures and tasks of lm-eval from outside the repository."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from mixtura.core.digest import digest


def load_own(file: str, function: str, kind: str) -> ModuleType:
    """The module in a Python file. Raises ValueError where it has no such function.

    `kind` is what the file is, in words that the error uses.
    """
    name = f"own_{digest([str(Path(file).resolve())])}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader  # the name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up there
    spec.loader.exec_module(module)
    if not hasattr(module, function):
        raise ValueError(f"{file}: {kind} needs a function {function}; see docs/extending.md")
    return module
