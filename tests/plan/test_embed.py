"""What the jobs that embed look up."""

import json
from types import SimpleNamespace
from typing import Any

from mixtura.plan.plan import read_plan


def test_an_embedder_of_gradients_reruns_its_embeddings_alone(tiny: dict[str, Any]) -> None:
    tiny = tiny | {"embedders": ["reader", "writer"]}
    plan = read_plan(tiny | {"embeddings": {"kinds": {"writer": "gradient"}}})
    reader, writer = (SimpleNamespace(embedder=name) for name in ("reader", "writer"))
    assert plan.embed.settings(reader) == read_plan(tiny).embed.settings(reader)
    assert json.loads(plan.embed.settings(writer))["kind"] == "gradient"
