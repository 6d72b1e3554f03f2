"""`mixtura push`: an exported data set goes to the Hugging Face Hub."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mixtura.cli.errors import errors_of

FILES = ("README.md", "data/train.parquet")


def push(
    folder: Annotated[Path, typer.Argument(help="exported data set: a folder with its README.md")],
    repo: Annotated[str, typer.Option(help="data set on the Hugging Face Hub: OWNER/NAME")],
    private: Annotated[bool, typer.Option(help="make a new data set private")] = False,
) -> None:
    """Upload one exported data set to the Hugging Face Hub. The token is that of HF_TOKEN.

    Nothing else of Mixtura ever uploads.
    """
    with errors_of("push"):
        token = os.environ.get("HF_TOKEN")
        if not token:
            raise ValueError("HF_TOKEN is not set: it must hold a token that may write")
        for file in FILES:
            if not (folder / file).is_file():
                raise ValueError(f"{folder} is no exported data set: it lacks {file}")
        import huggingface_hub

        huggingface_hub.create_repo(
            repo, token=token, private=private, repo_type="dataset", exist_ok=True
        )
        url = huggingface_hub.upload_folder(
            repo_id=repo,
            folder_path=folder,
            token=token,
            repo_type="dataset",
            allow_patterns=list(FILES),
        )
    typer.echo(f"{folder} -> {url}")
