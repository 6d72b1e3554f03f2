"""Backends: engines that turn prompts into completions, all with one method.

To add one, write a module here with a class of the form `generate.backends.base.Backend`, the one
of module `vllm` being VllmBackend, whose arguments are those of `open_backend`. Give it sections in
`LanguageModel` and `Running` (`mixtura.generate.settings`), and in `mixtura.study.generators`.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from mixtura.core.settings import Precision
from mixtura.generate.backends.base import Backend
from mixtura.generate.settings import LanguageModel, Running


def open_backend(
    model: LanguageModel,
    folder: str | None = None,
    running: Running | None = None,
    precision: Precision = "auto",
    resume: Path | None = None,
) -> Backend:
    """The backend of a language model, loaded from `folder`, which a server does not need.

    `precision` is that of a model in this process; other engines have a setting of their own.
    Answers of a server lie in the folder `resume` as they come: a killed job buys none twice.
    """
    # By its name, so that only what this backend writes depends on its code (plan: `backend`).
    module = import_module(f"mixtura.generate.backends.{model.backend}")
    kind: Callable[..., Backend] = getattr(module, f"{model.backend.capitalize()}Backend")
    return kind(folder, model, running or Running(), precision, resume)
