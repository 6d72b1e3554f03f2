"""The tiny study written by a server, so that a test decides what is written."""

from typing import Any

from fake_server import Server


def study_of(tiny: dict[str, Any], server: Server, task: dict[str, Any]) -> dict[str, Any]:
    """The tiny study of another task, written by the server; a probe learns it."""
    openai = {"base_url": server.url, "model": "m"}
    return {
        **tiny,
        "task": {"name": "task", "test": 24, "reference": 24, **task},
        "models": {"reader": tiny["models"]["reader"]},
        "generators": {"writer": {"backend": "openai", "openai": openai, "shots": 1}},
        "curation": {"full": {"fuzzy": None, "filters": {"length": {"min_words": 4}}}},
        "generate": {**tiny["generate"], "levels": ["D0"], "n": 12, "shard": 24},
        "pipelines": {"topic": {"dial": "topic", "levels": {"D0": {"topics": 2}}}},
        "designs": {"real": [8], "mix-add": {"ratios": [1]}, "controls": []},
        "diversity": {"measures": ["distinct_n", "vendi_score"], "repeats": 4},
        "downstream": {"probe": {"kind": "probe", "embedder": "reader"}},
        "seeds": [0],
    }
