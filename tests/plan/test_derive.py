"""Sets that are made from sets."""

import copy
from types import SimpleNamespace
from typing import Any

from builders import DERIVED
from mixtura.plan.pipelines import has_topics
from mixtura.plan.plan import read_plan


def test_derived_pipelines_are_made_from_sets(tiny: dict[str, Any]) -> None:
    study = copy.deepcopy(tiny)
    study["pipelines"] |= {name: DERIVED[name] for name in ("words", "chosen", "several")}
    study["generators"]["b"] = study["generators"]["writer"]
    study["generate"]["pipelines"] = ["topic", "words", "chosen", "several"]
    card = read_plan(study)
    assert [
        card.derive.pipelines(stage) for stage in ("curate", "replace", "select_rows", "combine")
    ] == [
        *("topic", "words", "chosen", "several"),
    ]
    assert {key.generator for key in card.sets.sets} == {"writer", "mixed"}
    assert len(card.sets.sets) == 8
    low = SimpleNamespace(generator="writer", pipeline="words", level="D0", draw="r0")
    # 4 sources x 3 paraphrases x 2.0 prompts = 24 prompts, 32 in a shard: one pool for all levels
    assert card.derive.paraphrase_shards(low) == [
        "results/tiny/generated/writer/words/paraphrases/r0/0.parquet"
    ]
    low.level = "D6"
    assert card.derive.paraphrase_shards(low) == []
    assert has_topics(card.sets.study, "words") and card.score.token_budget == 16 * 3
