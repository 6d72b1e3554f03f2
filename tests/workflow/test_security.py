"""Hostile input: names, files, archives and texts that would like to be more than data."""

import copy
import io
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jinja2.exceptions import SecurityError

from conftest import run_snakemake
from mixtura.core.contents import content_digest
from mixtura.generate.dials.base import Prompt
from mixtura.generate.prompting import render
from mixtura.generate.templates import template_text
from mixtura.plan.plan import read_plan
from mixtura.prepare.fetch import copy_model, fetch_model, ratings_text, unpack_package
from mixtura.prepare.files import read_rows
from mixtura.prepare.settings import Source
from mixtura.prepare.sources import MODEL_FILES, Package
from mixtura.study.base import ConfigError
from mixtura.study.load import load_study

PATHS = ["../x", "..", "/etc/x", "a/b", "a\\b", ".hidden", "", "x\n", "x y", "a\0b", "~", "$HOME"]
PLACES = ["study", "task.name", "models", "generators", "pipelines", "downstream"]


def renamed(config: dict[str, Any], place: str, name: str) -> dict[str, Any]:
    """The configuration with a name of the user's own at `place`."""
    changed = copy.deepcopy(config)
    if place == "study":
        changed["study"] = name
    elif place == "task.name":
        changed["task"]["name"] = name
    else:
        old = next(iter(changed[place]))
        changed[place][name] = changed[place][old]
    return changed


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", PATHS)
def test_no_name_leaves_the_results_folder(tiny: dict[str, Any], place: str, name: str) -> None:
    with pytest.raises(ConfigError, match=place.split(".")[0]):
        load_study(renamed(tiny, place, name))


def test_every_path_of_a_plan_is_below_its_study(tiny: dict[str, Any]) -> None:
    plan = read_plan({**tiny, "study": "a..b"})
    paths = [
        *plan.findings.predictions(),
        *plan.sets.of_sets("curated/{generator}/{pipeline}/{level}"),
        plan.sets.paths.data,
    ]
    root = Path("results/a..b").resolve()
    assert paths and all(Path(path).resolve().is_relative_to(root) for path in paths)


class Sentinel:
    """Unpickling it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def test_a_models_pickles_and_code_never_arrive(tmp_path: Path, encoder: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    for name in ("pytorch_model.bin", "model.pt", "modeling_evil.py", "x.pkl", "x.so", "run.sh"):
        (source / name).write_bytes(b"x")
    with pytest.raises(ValueError, match=r"no \.safetensors file"):
        copy_model(source, target)
    (source / "model.safetensors").write_bytes((encoder / "model.safetensors").read_bytes())
    (source / "config.json").write_text('{"auto_map": {"AutoModel": "modeling_evil.Evil"}}')
    copy_model(source, target)
    assert sorted(file.name for file in target.iterdir()) == ["config.json", "model.safetensors"]


def test_links_that_leave_a_model_folder_are_refused(tmp_path: Path) -> None:
    source, secret = tmp_path / "source", tmp_path / "secret.json"
    source.mkdir()
    (source / "model.safetensors").write_bytes(b"x")
    secret.write_text("secret")
    (source / "config.json").symlink_to(secret)
    with pytest.raises(ValueError, match=r"config\.json links to .*secret\.json, outside"):
        copy_model(source, tmp_path / "target")


def test_links_within_a_folder_and_of_the_hubs_cache_are_followed(tmp_path: Path) -> None:
    snapshot, blob = tmp_path / "models--x/snapshots/1", tmp_path / "models--x/blobs/abc"
    snapshot.mkdir(parents=True)
    blob.parent.mkdir()
    blob.write_bytes(b"weights")
    (snapshot / "model.safetensors").symlink_to(blob)
    (snapshot / "vocab.json").write_text("{}")
    (snapshot / "merges.json").symlink_to("vocab.json")
    copy_model(snapshot, tmp_path / "target")
    files = {file.name: file for file in (tmp_path / "target").iterdir()}
    assert sorted(files) == ["merges.json", "model.safetensors", "vocab.json"]
    assert not any(file.is_symlink() for file in files.values())
    blob.write_bytes(b"WEIGHTS")  # a copy, not a link: it stays
    assert files["model.safetensors"].read_bytes() == b"weights"


def test_weights_that_change_after_the_plan_are_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "model.safetensors").write_bytes(b"weights")
    planned = content_digest(source, MODEL_FILES)
    fetch_model(Source(path=str(source)), tmp_path / "model", planned)
    (source / "model.safetensors").write_bytes(b"WEIGHTS")
    with pytest.raises(ValueError, match="changed after this run was planned"):
        fetch_model(Source(path=str(source)), tmp_path / "other", planned)


def test_code_that_a_model_names_is_not_run(tmp_path: Path, encoder: Path) -> None:
    from mixtura.measure.embed import embed

    model, sentinel = tmp_path / "model", tmp_path / "ran"
    copy_model(encoder, model)
    config = (model / "config.json").read_text()
    study_copy = '{"auto_map": {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil"},'
    (model / "config.json").write_text(config.replace("{", study_copy, 1))
    (model / "evil.py").write_text(f"open({str(sentinel)!r}, 'w')\nclass Evil: pass\n")
    assert embed(["a lovely story"], str(model)).shape == (1, 32)
    assert not sentinel.exists()


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".pt", ".npy", ".joblib", ""])
def test_data_is_read_by_formats_that_hold_no_code(tmp_path: Path, suffix: str) -> None:
    import pickle

    file = tmp_path / f"rows{suffix}"
    file.write_bytes(pickle.dumps(Sentinel(tmp_path / "ran")))
    with pytest.raises(ValueError, match="allowed are"):
        read_rows(file)
    assert not (tmp_path / "ran").exists()


def package(checked: str, sha256: str) -> Package:
    return Package("evil==1", "wheel", checked, sha256, "none", "encoder", "rows")


def test_an_archive_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "side"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "evil-1.whl", "w") as archive:
        for name in ("../evil", "../../evil", "/tmp/../evil", "good"):
            archive.writestr(name, "x")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ValueError, match="SHA-256"):
        unpack_package(package("good", "0" * 64), folder)
    assert not (folder / "link").is_symlink()
    assert not list(tmp_path.glob("evil")) and not list((tmp_path / "in").glob("evil"))
    assert {file.name for file in folder.iterdir()} >= {"good", "evil"}


def test_a_link_in_a_tar_leads_nowhere(tmp_path: Path) -> None:
    from mixtura.prepare.sources import RATINGS_ARCHIVE, RATINGS_MEMBER

    secret = tmp_path / "secret.txt"
    secret.write_text("1\t2.0\tsecret")
    sdist = tmp_path / "package-1.zip"
    inner = tmp_path / "package-1" / RATINGS_ARCHIVE
    inner.parent.mkdir(parents=True)
    member = RATINGS_MEMBER.format("rows")
    with tarfile.open(inner, "w:gz") as archive:
        link = tarfile.TarInfo(member)
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link, io.BytesIO())
    with pytest.raises((KeyError, ValueError)):
        ratings_text(package("", ""), sdist)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% for x in () %}",
    "{0.__class__.__mro__} {label} %s %(x)d",
    "../../etc/passwd",
    "$(touch ran) `touch ran`; touch ran",
    "=HYPERLINK('http://x')",
    "'); DROP TABLE runs; --",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_in_a_prompt_is_only_text(text: str) -> None:
    prompt = Prompt(0, "positive", (("id", text),), {"topic": text})
    prompt = render(template_text("classification"), prompt, "review")
    assert text in prompt and "49" not in prompt


def test_a_template_of_ones_own_is_sandboxed() -> None:
    prompt = Prompt(0, "positive", ())
    for template in (
        "{{ label.__class__.__mro__[1].__subclasses__() }}",
        "{{ examples.append.__globals__ }}",
        "{{ ''.__class__.__base__ }}",
    ):
        with pytest.raises((SecurityError, ValueError)):
            render(template, prompt, "review")


def test_generated_text_is_no_markup_in_the_report(tiny: dict[str, Any], study_copy: Path) -> None:
    hostile = pl.Series("text", HOSTILE)
    for kind in ("curated", "removed"):
        for file in (study_copy / "results/tiny" / kind).rglob("r0.parquet"):
            rows = pl.read_parquet(file)
            if "text" in rows.columns:
                texts = pl.Series("text", [hostile[n % len(hostile)] for n in range(rows.height)])
                rows.with_columns(texts).write_parquet(file)
    page = "results/tiny/report.html"
    run = run_snakemake(study_copy, tiny, page, "--forcerun", "report", "--allowed-rules", "report")
    assert run.returncode == 0, run.stdout
    html = (study_copy / page).read_text()
    assert "\\u003cscript\\u003ealert(1)" in html and "{{ 7 * 7 }}" in html
    assert "<script>alert" not in html and "<img src=x" not in html


def test_keys_are_in_no_file_and_no_output(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"HF_TOKEN": "hf_Xq7SecretOne", "OPENAI_API_KEY": "sk-Xq7SecretTwo"}
    for name, key in keys.items():
        monkeypatch.setenv(name, key)
    targets = ["results/tiny/models/writer", "results/tiny/data/splits.parquet"]
    run = run_snakemake(tmp_path, tiny, *targets)
    assert run.returncode == 0, run.stdout
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) > 10
    for key in keys.values():
        assert key not in run.stdout
        assert not [file for file in files if key.encode() in file.read_bytes()]


def test_a_hostile_data_file_is_only_rows(tiny: dict[str, Any], tmp_path: Path) -> None:
    """Texts of the user's file go through a run as they are."""
    frame = pl.read_csv(tiny["task"]["data"]["path"])
    texts = [f"{HOSTILE[row % len(HOSTILE)]} {row}" for row in range(frame.height)]
    frame.with_columns(text=pl.Series(texts)).write_csv(tmp_path / "rows.csv")
    task = {**tiny["task"], "data": {"path": str(tmp_path / "rows.csv")}}
    run = run_snakemake(tmp_path, {**tiny, "task": task}, "results/tiny/data/examples/r0.parquet")
    assert run.returncode == 0, run.stdout
    rest = pl.read_parquet(tmp_path / "results/tiny/data/reviews.parquet")
    assert set(rest["text"]) == set(texts) and not (tmp_path / "ran").exists()
