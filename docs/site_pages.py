"""Pages of the site that lie outside of docs/, and links that lead to them."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {  # file of the repository -> page of the site
    "README.md": "index.md",
    "config/README.md": "configuration.md",
    "benchmarks/results.md": "measured.md",
    "CHANGELOG.md": "changes.md",
}
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)#:]+)(#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Lead links to the pages of the site; a file that has none is named without a link."""
    sources = {name: source for source, name in PAGES.items()}
    folder = posixpath.dirname(sources.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def lead(link: re.Match[str]) -> str:
        text, path, anchor = link[1], link[2], link[3] or ""
        target = posixpath.normpath(posixpath.join(folder, path))
        if target in PAGES:
            return f"{text}({PAGES[target]}{anchor})"
        if target.startswith("docs/"):
            return f"{text}({target.removeprefix('docs/')}{anchor})"
        return f"{text[1:-1]} (`{target}`)"

    return LINK.sub(lead, markdown)
