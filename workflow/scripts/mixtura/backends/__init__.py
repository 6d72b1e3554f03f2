"""Backends: engines that turn prompts into completions, all with one method.

To add one, write a module here with a class of the form `mixtura.backends.base.Backend`, the one
of module `vllm` being VllmBackend, and give it a section in `mixtura.config.Generator`.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mixtura.backends.base import Backend


def open_backend(
    generator: Mapping[str, Any],
    folder: str | None = None,
    running: Mapping[str, Any] | None = None,
) -> Backend:
    """The backend of a generator, its model loaded from `folder`, which a server does not need.

    `generator` has the keys of `mixtura.config.Generator`; options of its engine that are not
    there are in `running`, by the name of the backend.
    """
    kind, chat = generator["backend"], generator.get("format") == "chat"
    options = {**(generator.get(kind) or {}), **(running or {}).get(kind, {})}
    # By its name, so that only what this backend writes depends on its code: `Plan.backend`.
    module = import_module(f"mixtura.backends.{kind}")
    opened: Backend = getattr(module, f"{kind.capitalize()}Backend")(folder, chat=chat, **options)
    return opened
