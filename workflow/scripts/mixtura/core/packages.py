"""Versions of the packages that decide what a job computes."""

import importlib.metadata
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

# Module -> its package: other versions may give other numbers, tokens or weights.
PACKAGES = {
    "accelerate": "accelerate",
    "faiss": "faiss-cpu",
    "peft": "peft",
    "sentence_transformers": "sentence-transformers",
    "setfit": "setfit",
    "sklearn": "scikit-learn",
    "tokenizers": "tokenizers",
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
    "vllm": "vllm",
}


@cache
def version_of(package: str) -> str | None:
    """The version that is installed beside this module, None where there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache  # every job's settings may hold it
def version_in(python: str, package: str) -> str | None:
    """The version that another interpreter has, None where it has none or there is no such.

    Its folders are looked through: reading a configuration must not run a program that it names.
    """
    program = shutil.which(python)
    beside = Path(program).parents[1] if program else None
    name = package.replace("-", "_")
    pattern = f"lib*/python3*/*-packages/{name}-*.dist-info"
    folders = sorted(beside.glob(pattern)) if beside else []
    return folders[0].name.removeprefix(f"{name}-").removesuffix(".dist-info") if folders else None


def versions_in_use() -> dict[str, str]:
    """Package -> version of those of `PACKAGES` that this process has imported."""
    imported = {package for module, package in PACKAGES.items() if module in sys.modules}
    versions = {package: version_of(package) for package in sorted(imported)}
    return {package: version for package, version in versions.items() if version}


def versions_of_parts(parts: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Package -> its versions in parts of a table, from what is written about each of them.

    A part that has parts itself was made with the versions of those.
    """
    versions: dict[str, set[str]] = {}
    for about in parts:
        single = {package: [version] for package, version in about.get("packages", {}).items()}
        for package, several in about.get("parts", single).items():
            versions.setdefault(package, set()).update(several)
    return {package: sorted(different) for package, different in sorted(versions.items())}
