"""Rules that several sections keep together."""

import copy
import re
from typing import Any

import pytest

from builders import DERIVED
from changes import assert_refused, changed
from mixtura.plan.plan import read_plan
from mixtura.study.base import ConfigError
from mixtura.study.checks import CHECKS


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("generate/levels", ["D0", "D5"], ["'D5'", "pipelines.topic", "allowed: D0, D6"]),
        ("generate/levels", ["D0", "D0"], ["generate.levels", "twice"]),
        ("generators/writer/model", "gpt", ["generators.writer.model", "'gpt'", "writer, reader"]),
        ("generators/writer/prompt", "topics", ["'topics' shows shown; known fields: label, noun"]),
        ("designs/mix-add", {"ratios": [9]}, ["designs.mix-add.ratios", "144", "16"]),
        ("designs/mix-fixed", {"total": 16, "shares": [0.3]}, ["mix-fixed.shares", "4.8"]),
        ("replicates", 0, ["replicates.count: 0", "greater than 0"]),
        ("replicates", {"share": ["curated"]}, ["replicates.share.0: 'curated'", "'generated'"]),
        (
            "designs/grid",
            {"generated": [18]},
            ["designs.grid.generated", "18", "up to generate.n = 16"],
        ),
        ("designs/sources", {}, ["designs.sources", "names 1", "two or more"]),
        (
            "curation",
            {"full": {"filters": {"label_consistency": {"judge": "gpt"}}}},
            ["curation.full.filters.label_consistency.judge: 'gpt'", "allowed: writer"],
        ),
        ("curation", {"full": {"embedder": "gpt"}}, ["curation.full.embedder: 'gpt'"]),
        (
            "pipelines/topic/curation",
            "fll",
            ["pipelines.topic.curation: 'fll'", "none, exact, full"],
        ),
        ("pipelines/bare", {"of": "topc", "curation": "none"}, ["pipelines.bare.of", "topic"]),
        (
            "downstream/reader",
            {"kind": "probe", "embedder": "writer"},
            ["downstream.reader.embedder", "'writer'", "allowed: reader"],
        ),
        (
            "pipelines/again",
            {
                **{"dial": "paraphrase", "of": "topic", "level": "D6", "prompt": "topics"},
                "levels": {"D0": {"sources": 1}},
            },
            ["pipelines.again.prompt: 'topics' shows shown; known fields: label, noun"],
        ),
        ("seeds", [1, 1], ["seeds", "twice"]),
        ("designs/real", [16, 16], ["designs.real: [16, 16] names a value twice"]),
        ("generate/generators", ["reader"], ["generate.generators: 'reader'", "allowed: writer"]),
        ("generate/pipelines", ["topik"], ["generate.pipelines: 'topik'", "allowed: topic"]),
        ("embedders", ["reader", "gpt"], ["embedders: 'gpt'", "allowed: writer, reader"]),
        (
            "embeddings",
            {"kinds": {"writer": "gradient"}},
            ["embeddings.kinds: 'writer' is not defined; allowed: reader"],
        ),
        (
            "diversity",
            {"judge": "nobody"},
            ["diversity.judge: 'nobody' is not defined; allowed: w"],
        ),
        ("diversity", {"measures": ["llm_cluster_score"]}, ["needs diversity.judge; allowed: wr"]),
        ("task/reference", 2, ["task.reference: 2 is too few; allowed: 4 or more"]),
        (
            "downstream/reader/search",
            {"learning_rate": [1e-3, 1e-4]},
            ["downstream.reader.search: needs task.development, real rows"],
        ),
        ("designs/level", {"n": 18}, ["designs.level.n: 18 generated rows", "generate.n = 16"]),
    ],
)
def test_sections_that_do_not_fit_together_are_refused(
    tiny: dict[str, Any], path: str, value: Any, parts: list[str]
) -> None:
    assert_refused(tiny, path, value, *parts)


def test_a_task_without_labels_counts_its_rows(tiny: dict[str, Any]) -> None:
    task = {**tiny["task"], "kind": "text"}
    del task["labels"]
    causal = {"model": "writer", "kind": "causal-lm"}
    text = {**tiny, "task": task, "downstream": {"writer": causal}}
    assert read_plan(text).sets.study.task.words == ["text"]
    with pytest.raises(ConfigError, match=r"task.data: 200 rows are left for task.test, 400"):
        read_plan({**text, "task": {**task, "test": 400}})
    with pytest.raises(ConfigError, match=r"reader.kind: 'encoder' is not for .*; .* causal-lm"):
        read_plan({**text, "downstream": tiny["downstream"]})
    leak = {"full": {"filters": {"label_leak": {}}}}
    with pytest.raises(ConfigError, match=r"full.filters.label_leak: is for .*, not .* text"):
        read_plan({**text, "curation": leak})
    same = {"topic": tiny["pipelines"]["topic"]}
    same["again"] = {"dial": "paraphrase", "of": "topic", "level": "D6", "paraphrases": 2}
    same["again"]["levels"] = {"D0": {"sources": 1}}
    task = {**task, "kind": "instruction"}
    with pytest.raises(ConfigError, match="'paraphrase' is for one line of text or a question"):
        read_plan({**text, "task": task, "pipelines": same})
    with pytest.raises(ConfigError, match=r"evaluation.judge: 'x'; .* none with task.kind text"):
        read_plan({**text, "evaluation": {"judge": "x"}})
    levels = {level: {"contexts": 1} for level in ("D0", "D6")}
    with pytest.raises(ConfigError, match=r"'context' needs task.kind qa, not text"):
        read_plan({**text, "pipelines": {"topic": {"dial": "context", "levels": levels}}})


def with_derived(tiny: dict[str, Any]) -> dict[str, Any]:
    study = copy.deepcopy(tiny)
    study["pipelines"] |= copy.deepcopy(DERIVED)
    study["generators"]["b"] = study["generators"]["writer"]
    study["generate"]["pipelines"] = ["topic", *DERIVED]
    return study


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ("words/levels/D0/sources", 6, "sources: 6; allowed: multiples of 2 up to 3"),
        ("words/levels/D0/sources", 3, "sources: 3; allowed: multiples of 2 up to 4"),
        (
            "real-words/levels/D0/sources",
            6,
            "multiples of 2 up to 5 (generate.n is 16, each source has 3 paraphrases, and the "
            "largest of designs.real is 16)",
        ),
        ("words/of", "chosen", "pipelines.words.of: 'chosen' is not defined; allowed: topic"),
        ("words/level", "D3", "pipelines.words.level: 'D3' is not defined; allowed: D0, D6"),
        ("several/of", "words", "pipelines.several.of: 'words' is not defined; allowed: topic"),
        ("chosen/pool", {"topic": ["D0"]}, "pipelines.chosen.pool: one set has no more"),
        ("chosen/pool", {"words": ["D0"]}, "pipelines.chosen.pool: 'words' is not defined"),
        ("chosen/pool", {"topic": ["D1"]}, "pipelines.chosen.pool.topic: 'D1' is not defined"),
        ("several/levels/D0/generators", ["c"], "'c' is not defined; allowed: writer, b"),
        ("several/levels/D0/generators", ["b"] * 3, "3 equal shares of generate.n = 16"),
    ],
)
def test_a_wrong_derived_pipeline_is_refused(
    tiny: dict[str, Any], path: str, value: Any, part: str
) -> None:
    assert_refused(with_derived(tiny), f"pipelines/{path}", value, part)


def test_a_set_of_several_generators_has_a_name_of_its_own(tiny: dict[str, Any]) -> None:
    study = with_derived(tiny)
    read_plan(study)
    writer = study["generators"]["writer"]
    assert_refused(study, "generators/mixed", writer, "generators.mixed: sets of several")


LOOP = {"pipeline": "topic", "level": "D6", "rounds": 2, "real_share": 0.25}


@pytest.mark.parametrize(
    ("changes", "pattern"),
    [
        ({"rounds": 0}, "designs.loop.rounds: 0 is wrong.*greater than 0"),
        ({"pipeline": "topik"}, "designs.loop.pipeline: 'topik' is not generated; allowed: topic"),
        ({"level": "D3"}, "designs.loop.level: 'D3' is not generated; allowed: D0, D6"),
        ({"schemes": ["keep"]}, "designs.loop.schemes.0: 'keep'.*'replace', 'accumulate'"),
        ({"schemes": ["grown", "grown"]}, "designs.loop.schemes: .* names one twice"),
        ({"real": 18}, "designs.loop.real: 18 real rows.*up to the largest of designs.real = 16"),
        ({"real_share": 0.1}, "designs.loop.real_share: 1.6 real rows.*generate.n = 16"),
        ({"perplexity_rows": 42}, "designs.loop.perplexity_rows: 42 real.*up to task.test = 40"),
        ({"tune": {"steps": 3, "epochs": 1}}, "designs.loop.tune: give steps or epochs"),
        ({"tune": {"stepz": 3}}, "designs.loop.tune.stepz: unknown key.*did you mean 'steps'"),
    ],
)
def test_a_wrong_loop_is_refused(
    tiny: dict[str, Any], changes: dict[str, Any], pattern: str
) -> None:
    with pytest.raises(ConfigError, match=pattern):
        read_plan(changed(tiny, "designs/loop", LOOP | changes))


def test_a_loop_tunes_generators_of_this_machine_and_names_its_rounds(tiny: dict[str, Any]) -> None:
    study = changed(tiny, "designs/loop", LOOP)
    read_plan(study)
    server = {"base_url": "http://localhost:1/v1", "model": "m"}
    behind = {"backend": "openai", "openai": server}
    with pytest.raises(ConfigError, match=r"writer.backend is 'openai'; allowed.*transformers"):
        read_plan(changed(study, "generators/writer", behind))
    for config in (tiny, study):
        with pytest.raises(ConfigError, match=r"pipelines.loop-mine: names that start with 'loop"):
            read_plan(changed(config, "pipelines/loop-mine", tiny["pipelines"]["topic"]))


def test_every_rule_has_a_name_of_its_own_and_says_what_it_holds() -> None:
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS) > 20
    assert all(re.fullmatch(r".+\.", (check.__doc__ or "").strip()) for check in CHECKS)


def test_passes_over_real_rows_need_one_baseline(tiny: dict[str, Any]) -> None:
    designs = {"real": [8], "mix-add": {"ratios": [1]}, "mix-fixed": {"total": 16, "shares": [0.5]}}
    assert_refused(
        changed(tiny, "downstream/reader/regime", "real_passes"),
        *("designs", designs),
        *("downstream.reader.regime: real_passes", "compared with 8 and with 16 real rows"),
    )


def test_a_judge_of_answers_is_a_generator_of_another_model(instructions: dict[str, Any]) -> None:
    assert read_plan(instructions).sets.study.evaluation.judge == "judge"
    words = "evaluation.judge: 'gpt' is not defined; allowed: judge"
    assert_refused(instructions, "evaluation/judge", "gpt", words)
    words = "'writer' is of model 'writer', which `downstream` trains"
    assert_refused(instructions, "evaluation/judge", "writer", words)
    twin = {**instructions["models"], "twin": instructions["models"]["writer"]}
    generators = {**instructions["generators"], "judge": {"model": "twin"}}
    same = {**instructions, "models": twin, "generators": generators}
    assert_refused(same, "evaluation/judge", "judge", "it would judge answers of its own")
    there = {**instructions["generators"], "judge": {"model": "reader", "backend": "seq2seq"}}
    assert_refused(instructions, "generators", there, "evaluation.judge: generators.judge is of")
