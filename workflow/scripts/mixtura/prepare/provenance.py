"""Where fetched models came from, and how large they are."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mixtura.prepare.model_size import parameters


def provenance_of(folders: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Name of each model folder -> what `fetch_model` wrote about it, and its parameters."""
    return {
        folder.name: json.loads((folder / "provenance.json").read_text("utf-8"))
        | {"parameters": parameters(folder)}
        for folder in map(Path, folders)
    }
