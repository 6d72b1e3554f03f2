"""What the jobs that curate look up."""

import copy
from types import SimpleNamespace
from typing import Any

from mixtura.curate.settings import CurateSettings, Filters
from mixtura.plan.plan import read_plan


def test_a_pipeline_of_another_is_the_same_text_curated_otherwise(tiny: dict[str, Any]) -> None:
    more = copy.deepcopy(tiny)
    more["pipelines"]["bare"] = {"of": "topic", "curation": "none"}
    more["generate"]["pipelines"] = ["topic", "bare"]
    plan, module_file = read_plan(tiny), read_plan(more)
    assert module_file.sets.sets == [
        ("writer", p, level, "r0") for p in ("topic", "bare") for level in ("D0", "D6")
    ]
    topic, bare = (
        SimpleNamespace(generator="writer", pipeline=p, level="D6", draw="r0")
        for p in ("topic", "bare")
    )
    assert (
        module_file.curate.shards(bare)
        == module_file.curate.shards(topic)
        == plan.curate.shards(topic)
    )
    assert module_file.curate.settings(topic) == plan.curate.settings(topic)
    settings = CurateSettings.from_json(module_file.curate.settings(bare))
    curation = settings.curation
    assert (settings.n, curation.exact, curation.filters) == (16, False, Filters())
    assert curation.fuzzy is None
    # no text of one word is removed there, so measures read one word a row of every set
    assert (plan.score.token_budget, module_file.score.token_budget) == (48, 16)


def test_a_variant_changes_the_keys_that_it_gives(tiny: dict[str, Any]) -> None:
    changes = {"exact": {"fuzzy": {}}, "mine": {"exact": False}, "full": {"fuzzy": None}}
    parsed = read_plan({**tiny, "curation": changes}).sets.study.curation
    on = {
        name: (
            v.exact,
            v.filters.length is not None,
            v.fuzzy is not None,
            v.decontaminate is not None,
        )
        for name, v in parsed.items()
    }
    assert on == {
        "none": (False, False, False, False),
        "exact": (True, False, True, False),
        "full": (True, True, False, True),
        "mine": (False, True, True, True),
    }


def test_embeddings_and_a_judge_are_asked_for_where_a_variant_reads_them(
    tiny: dict[str, Any],
) -> None:
    more = copy.deepcopy(tiny)
    more["curation"] = {
        "near": {"semantic": {}},
        "close": {"decontaminate": {"similarity": 0.9}, "embedder": "reader"},
        "trained": {"filters": {"label_consistency": {}}},
        "judged": {"filters": {"label_consistency": {"judge": "writer"}}},
    }
    for name in more["curation"]:
        more["pipelines"][name] = {"of": "topic", "curation": name}
    more["generate"]["pipelines"] = ["topic", *more["curation"]]
    more["task"] |= {"shifted": {"other": more["task"]["data"]}, "shifted_rows": 40}
    plan = read_plan(more)
    calls = {}
    for name in more["generate"]["pipelines"]:
        card = SimpleNamespace(generator="writer", pipeline=name, level="D0", draw="r0")
        compared = plan.curate.embeddings(card).values()
        calls[name] = [*(path for paths in compared for path in paths), *plan.curate.judged(card)]
    folder = "results/tiny/embeddings/reader"
    vectors = [
        f"{folder}/pool/writer/topic/D0/r0.parquet",
        f"{folder}/test.parquet",
        f"{folder}/examples/r0.parquet",
        f"{folder}/shifted/other.parquet",
    ]
    assert calls == {
        "topic": [],
        "near": vectors,
        "close": vectors,
        "trained": vectors,
        "judged": ["results/tiny/judged/writer/writer/topic/D0/r0.parquet"],
    }
