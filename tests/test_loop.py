"""The loop: what each scheme trains on, what a generator is taught, and what its table says."""

import copy
import json
import math
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from builders import reviews
from conftest import run_snakemake
from mixtura.config import ConfigError, Designs
from mixtura.designs import Arm, loop_points, loop_rounds
from mixtura.findings import answers, findings_text
from mixtura.hypotheses import HYPOTHESES, hypotheses
from mixtura.loop import COLLAPSE, collapse_text
from mixtura.plan import read_plan
from mixtura.prompting import parse
from mixtura.scoring import run_scores
from mixtura.stats import NO_GAIN, recommend, without_loop
from mixtura.templates import template_text
from mixtura.tuning import Writer, row_pairs
from studies import collapse, looped

LOOP = {"pipeline": "topic", "level": "D6", "rounds": 2}
SCHEMES = ["replace", "accumulate", "accumulate-subsample", "replace+real", "grown"]
BASE = ("writer", "topic", "D6")


def rounds(real: int = 20, n: int = 40, **loop: Any) -> dict[str, list[tuple[Arm, int]]]:
    """Scheme -> its mixes, and from how many sets their generated rows come."""
    designs = Designs.model_validate({"real": [real], "loop": {**LOOP, **loop}})
    found: dict[str, list[tuple[Arm, int]]] = {}
    for one in loop_rounds(designs, n, 2, "writer"):
        found.setdefault(one.scheme, []).append((one.arm, len(one.mixed)))
    return found


def test_a_scheme_says_what_is_trained_on() -> None:
    found = rounds(real_share=0.25)
    sizes = {
        scheme: [(arm.n_real, arm.n_generated, sets) for arm, sets in made]
        for scheme, made in found.items()
    }
    assert sizes == {
        "replace": [(0, 40, 1)] * 3,
        "accumulate": [(20, 40, 1), (20, 80, 2), (20, 120, 3)],
        # A third, a fifth and a seventh of 40 rows are real, in whole rows of both labels.
        "accumulate-subsample": [(14, 26, 1), (8, 32, 2), (6, 34, 3)],
        "replace+real": [(10, 30, 1)] * 3,
        "grown": [(20, 40, 1), (20, 80, 2), (20, 120, 3)],
    }
    assert (
        found["replace"][2][0].pipeline == "loop-replace" and found["replace"][2][0].level == "R2"
    )
    assert found["accumulate"][0][0] == Arm(20, 40, *BASE) == found["grown"][0][0]


def test_rounds_are_compared_with_real_alone_and_with_round_0() -> None:
    designs = Designs.model_validate({"real": [20], "loop": LOOP})
    found = loop_rounds(designs, 40, 2, "writer")
    points = loop_points(designs, found)
    assert len(points) == 3 * 5 - 1  # accumulate and grown share round 0
    assert {point.design for point in points} == {"loop"}
    assert {point.baseline for point in points} == {Arm(20)}
    first = {one.scheme: one.arm for one in found if one.number == 0}
    for point in points:
        scheme = str(point.arm.pipeline).removeprefix("loop-")
        assert point.control == first.get(scheme)  # none for round 0, whose pipeline is topic


def with_loop(tiny: dict[str, Any], **loop: Any) -> dict[str, Any]:
    study = copy.deepcopy(tiny)
    study["designs"]["loop"] = {**LOOP, **loop}
    return study


def cards(**names: str) -> SimpleNamespace:
    return SimpleNamespace(generator="writer", **names)


def test_a_round_is_prompted_as_round_0_by_the_model_of_the_round(tiny: dict[str, Any]) -> None:
    plan = read_plan(with_loop(tiny, real_share=0.25))
    first = cards(pipeline="topic", level="D6", shard="0")
    second = cards(pipeline="loop-replace", level="R2", shard="0")
    told, base = (json.loads(plan.generate_settings(card)) for card in (second, first))
    assert told.pop("stream") != base.pop("stream") and told == base
    assert plan.generator_model(first) == ["results/tiny/models/writer"]
    assert plan.generator_model(second) == ["results/tiny/tuned/writer/loop-replace/R2"]
    grown = cards(pipeline="loop-grown", level="R2")
    assert plan.generator_model(grown) == plan.generator_model(first)
    assert plan.tuned_model(grown) == "results/tiny/tuned/writer/loop-grown/R2"
    assert plan.tuned_on(grown) == [
        "results/tiny/curated/writer/topic/D6.parquet",
        "results/tiny/curated/writer/loop-grown/R1.parquet",
    ]
    trained = json.loads(plan.tune_settings(cards(pipeline="loop-replace+real", level="R1")))
    assert (trained["mix"]["n_real"], trained["mix"]["n_generated"]) == (4, 12)
    assert trained["mix"]["draw"] == "fixed" and trained["lora"]["rank"] == 8
    # Another training leaves another folder to go on from, though the prompts stay the same.
    other = read_plan(with_loop(tiny, real_share=0.25, tune={"steps": 7}))
    assert other.generate_settings(second) == plan.generate_settings(second)
    assert other.generate_resume(second) != plan.generate_resume(second)
    assert other.generate_resume(first) == plan.generate_resume(first)


def test_a_mix_of_several_rounds_reads_the_sets_of_all(tiny: dict[str, Any]) -> None:
    plan = read_plan(with_loop(tiny, schemes=["accumulate"]))
    arm = next(p.arm for p in plan.points if p.arm.level == "R2")
    folder = "results/tiny/curated/writer"
    assert plan.generated_set(SimpleNamespace(arm=arm.name)) == [
        f"{folder}/topic/D6.parquet",
        f"{folder}/loop-accumulate/R1.parquet",
        f"{folder}/loop-accumulate/R2.parquet",
    ]
    assert plan.arm_words()[arm.name].startswith("16 real + 48 generated: writer loop-accumulate")
    assert len(plan.loop_perplexities()) == 3 and "collapse" in plan.figures
    shift = json.loads(plan.measure_settings("shift")(cards(pipeline="topic", embedder="reader")))
    assert shift["measures"][-1] == "tail_loss"


def test_one_more_round_changes_no_other(tiny: dict[str, Any]) -> None:
    two, three = (read_plan(with_loop(tiny, rounds=r, real_share=0.25)) for r in (2, 3))
    new = set(three.arms) - set(two.arms)
    assert set(two.arms) < set(three.arms) and {three.arms[name].level for name in new} == {"R3"}
    assert [made[2] for made in three.sets if made not in two.sets] == ["R3"] * 5
    for name in SCHEMES:
        card = cards(pipeline=f"loop-{name}", level="R2", shard="0")
        assert two.tune_settings(card) == three.tune_settings(card)
        assert two.generate_settings(card) == three.generate_settings(card)


def test_a_study_without_a_loop_knows_of_none(tiny: dict[str, Any]) -> None:
    plan, looped = read_plan(tiny), read_plan(with_loop(tiny, real_share=0.25))
    assert plan.loop_perplexities() == [] and plan.collapse() == {}
    assert "collapse" not in plan.figures and "loop" not in plan.findings_settings()
    assert plan.sets == plan.designed == looped.designed
    for made in (plan, looped):
        assert made.study.generate.pipelines == ["topic"]
    card = SimpleNamespace(model="reader", arm=next(iter(plan.arms)))
    assert plan.finetune_settings(card) == looped.finetune_settings(card)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rounds": 0}, "designs.loop.rounds: 0 is wrong.*greater than 0"),
        ({"pipeline": "topik"}, "designs.loop.pipeline: 'topik' is not generated; allowed: topic"),
        ({"level": "D3"}, "designs.loop.level: 'D3' is not generated; allowed: D0, D6"),
        ({"schemes": ["keep"]}, "designs.loop.schemes.0: 'keep'.*'replace', 'accumulate'"),
        ({"schemes": ["grown", "grown"]}, "designs.loop.schemes: .* names one twice"),
        ({"real": 18}, "designs.loop.real: 18 real rows.*up to task.examples = 16"),
        ({"real_share": 0.1}, "designs.loop.real_share: 1.6 real rows.*generate.n = 16"),
        ({"perplexity_rows": 42}, "designs.loop.perplexity_rows: 42 real.*up to task.test = 40"),
        ({"tune": {"steps": 3, "epochs": 1}}, "designs.loop.tune: give steps or epochs"),
        ({"tune": {"stepz": 3}}, "designs.loop.tune.stepz: unknown key.*did you mean 'steps'"),
    ],
)
def test_a_wrong_loop_is_named(tiny: dict[str, Any], changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_plan(with_loop(tiny, **({"real_share": 0.25} | changes)))


def test_a_generator_behind_a_server_cannot_be_tuned(tiny: dict[str, Any]) -> None:
    study = with_loop(tiny, real_share=0.25)
    server = {"base_url": "http://localhost:1/v1", "model": "m"}
    study["generators"]["writer"] = {"backend": "openai", "openai": server}
    with pytest.raises(ConfigError, match=r"writer.backend is 'openai'; allowed.*transformers"):
        read_plan(study)
    study = with_loop(tiny, real_share=0.25)
    study["pipelines"]["loop-mine"] = study["pipelines"]["topic"]
    with pytest.raises(ConfigError, match=r"pipelines.loop-mine: names that start with 'loop-'"):
        read_plan(study)


PROMPTING = {
    "prompt": "{% for one in examples %}{{ one }}\n{% endfor %}{{ label }} {{ noun }}"
    "{% if topic %} about {{ topic }}{% endif %}{{ hints | join }}:",
    "format": "completion",
    "task": "classification",
    "noun": "review",
}


def test_a_row_is_taught_after_the_prompt_that_asks_for_it() -> None:
    rows = pl.DataFrame(
        {
            "text": ["so\ngood", "bad"],
            "label": ["positive", "negative"],
            "topic": ["plot", None],
            "fields": ['{"hints":["x"]}', None],
        }
    )
    assert row_pairs(rows, PROMPTING) == (
        ["positive review about plotx:", "negative review:"],
        [" so good", " bad"],
    )
    assert row_pairs(rows, {**PROMPTING, "format": "chat"})[1] == ["so\ngood", "bad"]
    asked = pl.DataFrame(
        {"label": "qa", "context": "a b", "question": "what?", "answers": [["b", "a b"]]}
    )
    qa = {**PROMPTING, "prompt": "{{ context }} Question:", "task": "qa"}
    assert row_pairs(asked, qa) == (["a b Question:"], [" what? Answer: b"])


@pytest.mark.parametrize("kind", ["classification", "qa", "instruction", "text"])
@pytest.mark.parametrize("chat", [True, False])
def test_a_tuned_writer_is_taught_what_generation_parses(kind: str, chat: bool) -> None:
    rows = pl.DataFrame(
        {"label": [kind], "text": ["A good film."], "context": ["Rome is old."]}
        | {"question": ["What is old?"], "answers": [["Rome"]]}
        | {"prompt": ["Name a city."], "response": ["Rome."]}
    )
    settings = PROMPTING | {
        "prompt": template_text(f"{kind}-chat" if chat else kind),
        "format": "chat" if chat else "completion",
        "task": kind,
    }
    (given,), (said,) = row_pairs(rows, settings)
    parsed, why = parse(kind, said, "stop", "Rome is old.")
    assert parsed and not why
    form = {"qa": "Question:", "instruction": "Instruction:"}.get(kind, "")
    assert said.startswith(form) if chat else given.endswith(form)


TRAINING = {
    **{"labels": ["negative", "positive"], "steps": 40, "batch_size": 16, "learning_rate": 1e-2},
    **{"warmup": 0.1, "weight_decay": 0.0, "max_length": 64, "accumulate": 1, "halvings": 0},
    **{"gradient_checkpointing": False, "loss_bound": 50.0},
    "lora": {"rank": 8, "alpha": 32.0, "dropout": 0.0, "target_modules": None},
}


def test_a_tuned_writer_is_a_plain_folder_that_finds_its_text_likelier(
    generator: Path, tmp_path: Path
) -> None:
    rows = pl.DataFrame(
        {"text": [text for text, _ in reviews(40)], "label": [label for _, label in reviews(40)]}
    )
    writer = Writer(str(generator), {**PROMPTING, **TRAINING})
    (first, *_) = writer.sequences(["P review:"], [" superb story"])
    assert writer.tokenizer.decode(first.ids) == "P review: superb story\n"  # as generated
    before, tokens = writer.nll(*writer.pairs(rows), batch_size=8)
    writer.learn(*writer.pairs(rows))
    tuned, _ = writer.nll(*writer.pairs(rows), batch_size=8)
    writer.save(tmp_path / "tuned")
    loaded = Writer(str(tmp_path / "tuned"), {**PROMPTING, **TRAINING, "lora": None})
    again, same = loaded.nll(*loaded.pairs(rows), batch_size=8)
    gain = before.sum() - tuned.sum()
    assert gain > 0.03 * before.sum() and (same == tokens).all()
    assert again.sum() == pytest.approx(tuned.sum(), abs=0.2 * gain)  # saved in bfloat16
    files = {file.name for file in (tmp_path / "tuned").iterdir()}
    assert "model.safetensors" in files and "adapter_config.json" not in files


def test_the_table_has_every_measure_of_every_round() -> None:
    table = collapse()
    assert table.schema == COLLAPSE
    kinds = {"score", "perplexity", "diversity", "shift"}
    for _, part in table.group_by("scheme", "round"):
        assert set(part["kind"]) == kinds and part.height == 4
    likely = table.filter(kind="perplexity", scheme="replace").sort("round")
    tokens = sum(10 + at % 3 for at in range(40)) / 40
    assert likely["value"].to_list() == pytest.approx(
        [math.exp(3 + r / tokens) for r in range(3)], rel=1e-4
    )
    assert (likely["low"] <= likely["value"]).all() and (likely["n"] == 40).all()
    assert likely["difference"][0] is None and likely["difference"][2] == pytest.approx(
        likely["value"][2] - likely["value"][0]
    )
    tail = table.filter(measure="tail_loss", scheme="accumulate").sort("round")
    assert tail["value"].to_list() == [5, 6, 7] and tail["floor"].to_list() == [4, 4, 4]
    assert tail["difference_low"].null_count() == 3  # one chain: no interval of a change
    scores = table.filter(kind="score", round=2)
    verdicts = dict(scores.select("scheme", "verdict").iter_rows())
    assert verdicts == {"replace": "worse", "accumulate": "no evidence"}
    lost = scores.filter(scheme="replace")
    assert lost["difference_low"][0] < -0.3 < lost["difference_high"][0] < 0


def test_the_text_says_which_scheme_lost_and_which_result_is_null() -> None:
    text = collapse_text(collapse())
    lines = {line.split()[1]: line for line in text.splitlines() if line.startswith("- ")}
    assert "**lost** against round 0" in lines["replace"]
    assert lines["accumulate"].endswith("no evidence of a loss or a gain against round 0.")
    assert "64 real + 96 generated rows" in lines["accumulate"]
    row = next(line for line in text.splitlines() if "tail_loss" in line and "accumulate" in line)
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[2:] == ["5.000 [4.500, 5.500]", "6.000 [5.500, 6.500]", "7.000 [6.500, 7.500]"]


def test_no_other_table_takes_a_round_for_a_level() -> None:
    made = looped()
    plain = without_loop(made["diversity"])
    assert plain["level"].to_list() == ["D3"]
    assert answers(made["findings"]) == []
    scores = run_scores(made["predictions"], made["arms"], ["accuracy"])
    tested = hypotheses(scores, made["diversity"], made["shift"], made["findings"])
    assert set(tested["hypothesis"]) == {"power"}
    better = made["findings"].with_columns(verdict=pl.lit("better"))
    level = better.filter(arm="replace1").with_columns(design=pl.lit("level"))
    assert recommend(pl.concat([better, level]))["alternatives"] == 0
    none = pl.concat([made["findings"], level.with_columns(verdict=pl.lit("no evidence"))])
    assert recommend(none)["sentence"] == NO_GAIN
    text = findings_text(
        made["findings"],
        made["diversity"],
        made["shift"],
        pl.DataFrame(schema=HYPOTHESES),
        collapse=collapse_text(collapse()),
    )
    assert "## Model collapse: 2 rounds" in text


@pytest.fixture(scope="module")
def study(tiny: dict[str, Any]) -> dict[str, Any]:
    """Two rounds of two schemes, one level, a probe."""
    loop = {"schemes": ["replace", "accumulate"], "tune": {"steps": 3, "batch_size": 4}}
    made = with_loop(tiny, perplexity_rows=20, **loop)
    made["designs"] |= {"real": [8], "level": {}, "mix-add": None}
    made["generate"] |= {"levels": ["D6"], "shard": 64, "overgenerate": 4.0}
    made["downstream"] = {"probe": {"kind": "probe", "embedder": "reader"}}
    return made


@pytest.fixture(scope="module")
def done(study: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder in which that study ran once."""
    folder = tmp_path_factory.mktemp("loop")
    run = run_snakemake(folder, study)
    assert run.returncode == 0, run.stdout
    yield folder
    shutil.rmtree(folder)


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"results/tiny/{name}.parquet")


@pytest.mark.workflow
def test_every_round_is_written_by_a_model_of_its_own(done: Path) -> None:
    digests = {}
    for made in (
        "topic/D6",
        *(f"loop-{s}/R{r}" for s in ("replace", "accumulate") for r in (1, 2)),
    ):
        rows = table(done, f"curated/writer/{made}")
        assert rows.height == 16 and set(rows["label"].value_counts()["count"]) == {8}
        shard = done / f"results/tiny/generated/writer/{made}/0.parquet"
        about = json.loads(pl.read_parquet_metadata(shard)["mixtura"])
        digests[made] = about["model_digest"]
    assert len(set(digests.values())) == 5
    assert not list((done / "results/tiny/tuned").rglob("*.safetensors"))  # used, and gone


@pytest.mark.workflow
def test_generators_and_downstream_models_train_on_the_mix_of_the_scheme(done: Path) -> None:
    sets = {
        name: set(table(done, f"curated/writer/{name}")["id"])
        for name in ("topic/D6", "loop-accumulate/R1", "loop-accumulate/R2", "loop-replace/R1")
    }
    examples = set(table(done, "data/examples")["id"])
    for name, real, made in (
        ("loop-replace/R2", 0, sets["loop-replace/R1"]),
        ("loop-accumulate/R1", 8, sets["topic/D6"]),
        ("loop-accumulate/R2", 8, sets["topic/D6"] | sets["loop-accumulate/R1"]),
    ):
        mix = table(done, f"loop/writer/{name}/mix")
        ids = {source: set(part["id"]) for (source,), part in mix.group_by("source")}
        assert ids["generated"] == made and len(ids.get("real", ())) == real
        assert ids.get("real", set()) <= examples
        assert table(done, f"loop/writer/{name}/steps").height == 3
    arms = table(done, "tables/arms").filter(design="loop")
    (last,) = arms.filter(pipeline="loop-accumulate", level="R2")["arm"]
    mix = table(done, "runs/probe/seed-0/mixes").filter(arm=last)
    every = sets["topic/D6"] | sets["loop-accumulate/R1"] | sets["loop-accumulate/R2"]
    assert set(mix.filter(source="generated")["id"]) == every and mix.height == 8 + 48


@pytest.mark.workflow
def test_the_curves_have_every_round_and_measure(done: Path) -> None:
    found = table(done, "tables/collapse")
    assert found.schema == COLLAPSE
    measures = {"accuracy", "perplexity", "dcscore", "vendi_score", "distinct_n", "c2st"}
    for _, part in found.group_by("scheme", "round"):
        assert measures | {"tail_loss", "mmd_test"} <= set(part["measure"])
    assert set(found["round"]) == {0, 1, 2}
    likely = found.filter(kind="perplexity")
    assert likely.filter(round=0)["value"].n_unique() == 1  # of one untuned generator
    assert likely.filter(pl.col("round") > 0)["value"].n_unique() == 4
    assert (likely["n"] == 20).all() and (likely["value"] > 1).all()
    first = table(done, "tables/diversity").filter(pipeline="topic", measure="vendi_score")
    own = found.filter(measure="vendi_score", round=0, scheme="replace")
    assert own["value"].to_list() == first["value"].to_list()
    text = (done / "results/tiny/findings.md").read_text()
    assert "## Model collapse: 2 rounds of self-training" in text and "- accumulate (" in text
    assert (done / "results/tiny/figures/collapse.svg").stat().st_size > 1000
    assert "Model collapse, round by round" in (done / "results/tiny/report.html").read_text()


def planned(run: Any) -> Counter[str]:
    printed = run.stdout.partition("Job stats:")[2].partition("total")[0]
    lines = [line.split() for line in printed.splitlines()[3:] if line]
    return Counter({rule: int(count) for rule, count, *_ in lines})


@pytest.mark.workflow
def test_one_more_round_computes_that_round_alone(done: Path, study: dict[str, Any]) -> None:
    again = run_snakemake(done, study, "-n")
    assert "Nothing to be done" in again.stdout
    more = copy.deepcopy(study)
    more["designs"]["loop"]["rounds"] = 3
    run = run_snakemake(done, more, "-n", "--quiet", "rules")
    jobs = planned(run)
    made = ("tune", "generate", "curate", "embed", "diversity", "shift", "perplexity")
    assert {rule: jobs[rule] for rule in made} == dict.fromkeys(made, 2)
    assert not set(jobs) & {"model", "task", "split", "embed_real"}
    told = run_snakemake(done, more, "-n").stdout
    written = re.findall(r"(?:Tune|Generate|Curate|Embed|Measure|Give)[^\n]* (R[0-9])", told)
    assert written and set(written) == {"R3"}
    without = copy.deepcopy(study)
    del without["designs"]["loop"]
    left = planned(run_snakemake(done, without, "-n", "--quiet", "rules"))
    assert not set(left) & {"tune", "perplexity", "generate", "curate", "embed", "diversity"}
