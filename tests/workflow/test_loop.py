"""The loop: what each scheme trains on, what a generator is taught, and what its table says."""

import copy
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from builders import BAD, GOOD
from changes import assert_refused
from conftest import run_snakemake
from fake_server import Server, prompt_of, reply
from mixtura.core.sets import ALLOCATED
from mixtura.core.tables import check
from mixtura.infer.tables import Collapse
from mixtura.plan.allocation import Allocation, Cell, write_allocation
from mixtura.plan.designs import Arm, loop_points, loop_rounds
from mixtura.plan.plan import read_plan
from mixtura.study.designs import Designs

LOOP = {"pipeline": "topic", "level": "D6", "rounds": 2}
SCHEMES = ["replace", "accumulate", "accumulate-subsample", "replace+real", "grown"]
SCHEMES_OF_JUDGE = ("verified", "replace")
BASE = ("writer", "topic", "D6")


def rounds(real: int = 20, n: int = 40, **loop: Any) -> dict[str, list[tuple[Arm, int]]]:
    """Scheme -> its mixes, and from how many sets their generated rows come."""
    designs = Designs.model_validate({"real": [real], "loop": {**LOOP, **loop}})
    rounds_of: dict[str, list[tuple[Arm, int]]] = {}
    for row in loop_rounds(designs, n, 2, "writer"):
        rounds_of.setdefault(row.scheme, []).append((row.arm, len(row.mixed)))
    return rounds_of


def test_a_scheme_says_what_is_trained_on() -> None:
    rounds_of = rounds(real_share=0.25)
    sizes = {
        scheme: [(arm.n_real, arm.n_generated, sets) for arm, sets in sets_of]
        for scheme, sets_of in rounds_of.items()
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
        rounds_of["replace"][2][0].pipeline == "loop-replace"
        and rounds_of["replace"][2][0].level == "R2"
    )
    assert rounds_of["accumulate"][0][0] == Arm(20, 40, *BASE) == rounds_of["grown"][0][0]


def test_rounds_are_compared_with_real_alone_and_with_round_0() -> None:
    designs = Designs.model_validate({"real": [20], "loop": LOOP})
    rounds_of = loop_rounds(designs, 40, 2, "writer")
    points = loop_points(designs, rounds_of)
    assert len(points) == 3 * 5 - 1  # accumulate and grown share round 0
    assert {point.design for point in points} == {"loop"}
    assert {point.baseline for point in points} == {Arm(20)}
    first = {row.scheme: row.arm for row in rounds_of if row.number == 0}
    for point in points:
        scheme = str(point.arm.pipeline).removeprefix("loop-")
        assert point.control == first.get(scheme)  # none for round 0, whose pipeline is topic


def with_loop(tiny: dict[str, Any], **loop: Any) -> dict[str, Any]:
    study = copy.deepcopy(tiny)
    study["designs"]["loop"] = {**LOOP, **loop}
    return study


def cards(**names: str) -> SimpleNamespace:
    return SimpleNamespace(generator="writer", draw="r0", **names)


def test_a_round_is_prompted_as_round_0_by_the_model_of_the_round(tiny: dict[str, Any]) -> None:
    plan = read_plan(with_loop(tiny, real_share=0.25))
    first = cards(pipeline="topic", level="D6", shard="0")
    second = cards(pipeline="loop-replace", level="R2", shard="0")
    output, base = (json.loads(plan.generate.settings(card)) for card in (second, first))
    assert output.pop("stream") != base.pop("stream") and output == base
    assert plan.generate.model(first) == ["results/tiny/models/writer"]
    assert plan.generate.model(second) == ["results/tiny/tuned/writer/loop-replace/R2/r0"]
    grown = cards(pipeline="loop-grown", level="R2")
    assert plan.generate.model(grown) == plan.generate.model(first)
    assert plan.loop.tuned_model(grown) == "results/tiny/tuned/writer/loop-grown/R2/r0"
    assert plan.loop.generated(grown) == [
        "results/tiny/curated/writer/topic/D6/r0.parquet",
        "results/tiny/curated/writer/loop-grown/R1/r0.parquet",
    ]
    trained = json.loads(plan.loop.tune_settings(cards(pipeline="loop-replace+real", level="R1")))
    assert (trained["mix"]["n_real"], trained["mix"]["n_generated"]) == (4, 12)
    assert trained["tuning"]["lora"]["rank"] == 8
    # Another training leaves another folder to go on from, though the prompts stay the same.
    other = read_plan(with_loop(tiny, real_share=0.25, tune={"steps": 7}))
    assert other.generate.settings(second) == plan.generate.settings(second)
    assert other.generate.resume(second) != plan.generate.resume(second)
    assert other.generate.resume(first) == plan.generate.resume(first)


def test_a_mix_of_several_rounds_reads_the_sets_of_all(tiny: dict[str, Any]) -> None:
    plan = read_plan(with_loop(tiny, schemes=["accumulate"]))
    arm = next(p.arm for p in plan.sets.points if p.arm.level == "R2")
    folder = "results/tiny/curated/writer"
    assert plan.finetune.generated(SimpleNamespace(arm=arm.name, replicate="0")) == [
        f"{folder}/topic/D6/r0.parquet",
        f"{folder}/loop-accumulate/R1/r0.parquet",
        f"{folder}/loop-accumulate/R2/r0.parquet",
    ]
    assert plan.sets.arm_words()[arm.name].startswith(
        "16 real + 48 generated: writer loop-accumulate"
    )
    assert len(plan.loop.perplexities()) == 3 and "collapse" in plan.report.figures
    shift = json.loads(plan.score.shift_settings(cards(pipeline="topic", embedder="reader")))
    assert shift["measures"][-1] == "tail_loss"


def test_one_more_round_changes_no_other(tiny: dict[str, Any]) -> None:
    two, three = (read_plan(with_loop(tiny, rounds=r, real_share=0.25)) for r in (2, 3))
    new = set(three.sets.arms) - set(two.sets.arms)
    assert set(two.sets.arms) < set(three.sets.arms) and {
        three.sets.arms[name].level for name in new
    } == {"R3"}
    assert [sets_of[2] for sets_of in three.sets.sets if sets_of not in two.sets.sets] == ["R3"] * 5
    for name in SCHEMES:
        card = cards(pipeline=f"loop-{name}", level="R2", shard="0")
        assert two.loop.tune_settings(card) == three.loop.tune_settings(card)
        assert two.generate.settings(card) == three.generate.settings(card)


def test_rounds_that_a_judge_verifies_are_those_of_replace(tiny: dict[str, Any]) -> None:
    rounds_of = rounds(schemes=["replace", "verified"], judge="writer")
    sizes = [[(arm.n_real, arm.n_generated) for arm, _ in each] for each in rounds_of.values()]
    assert sizes[0] == sizes[1] == [(0, 40)] * 3
    assert rounds_of["verified"][0] == rounds_of["replace"][0] != rounds_of["verified"][1]
    plan = read_plan(with_loop(tiny, schemes=["replace", "verified"], judge="writer"))
    verified, plain = (cards(pipeline=f"loop-{name}", level="R1") for name in SCHEMES_OF_JUDGE)
    judged = ["results/tiny/judged/writer/writer/loop-verified/R1/r0.parquet"]
    assert plan.curate.judged(verified) == judged and plan.curate.judged(plain) == []
    assert plan.curate.judged(cards(pipeline="topic", level="D6")) == []  # round 0 is not judged
    assert_refused(tiny, "designs/loop", {**LOOP, "schemes": ["verified"]}, "judge need each other")
    loop = {**LOOP, "schemes": ["verified"], "judge": "x"}
    assert_refused(tiny, "designs/loop", loop, "designs.loop.judge: 'x' is not defined")


def test_verified_rounds_hold_what_the_judge_confirms(
    tiny: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    def tone(text: str) -> str:
        score = sum((w in GOOD) - (w in BAD) for w in text.split())
        return "positive" if score > 0 else "negative"

    def answer(number: int, body: dict[str, Any]) -> Any:
        text = prompt_of(body).rsplit("Review: ", 1)[-1].partition("\n")[0]
        return 200, {}, reply(body, content=f" {tone(text)}")

    server.script = answer
    loop = {"schemes": ["replace", "verified"], "judge": "judge", "rounds": 1}
    looped = with_loop(tiny, **loop, perplexity_rows=8, tune={"steps": 2, "batch_size": 4})
    openai = {"base_url": server.url, "model": "m"}
    looped["generators"]["judge"] = {"backend": "openai", "openai": openai}
    looped["designs"] |= {"level": {}, "mix-add": None}
    looped["generate"] |= {"levels": ["D6"], "shard": 96, "overgenerate": 6.0, "n": 12}
    looped["curation"] = {"full": {"fuzzy": None}}
    looped["downstream"] = {"probe": {"kind": "probe", "embedder": "reader"}}
    looped["seeds"] = [0]
    run = run_snakemake(tmp_path, looped, "results/tiny/findings.md")
    assert run.returncode == 0, run.stdout
    rows = table(tmp_path, "curated/writer/loop-verified/R1/r0")
    assert rows.height == 12 and rows["label"].to_list() == [tone(t) for t in rows["text"]]
    removed = table(tmp_path, "removed/writer/loop-verified/R1/r0")
    assert removed.filter(stage="label_consistency").height > 0
    rounds_of = table(tmp_path, "tables/collapse")
    assert set(rounds_of["scheme"]) == {"replace", "verified"}
    assert "- verified (" in (tmp_path / "results/tiny/findings.md").read_text()


def test_a_study_without_a_loop_knows_of_none(tiny: dict[str, Any]) -> None:
    plan, looped = read_plan(tiny), read_plan(with_loop(tiny, real_share=0.25))
    assert plan.loop.perplexities() == [] and plan.findings.collapse() == {}
    assert "collapse" not in plan.report.figures and "loop" not in plan.findings.settings()
    assert plan.sets.sets == plan.sets.designed == looped.sets.designed
    for sets_of in (plan, looped):
        assert sets_of.sets.study.generate.pipelines == ["topic"]
    card = SimpleNamespace(model="reader", arm=next(iter(plan.sets.arms)))
    assert plan.finetune.settings(card) == looped.finetune.settings(card)


@pytest.fixture(scope="module")
def study(tiny: dict[str, Any]) -> dict[str, Any]:
    """Two rounds of two schemes, one level, a probe."""
    loop = {"schemes": ["replace", "accumulate"], "tune": {"steps": 3, "batch_size": 4}}
    sets_of = with_loop(tiny, perplexity_rows=20, **loop)
    sets_of["designs"] |= {"real": [8], "level": {}, "mix-add": None}
    sets_of["generate"] |= {"levels": ["D6"], "shard": 64, "overgenerate": 4.0}
    sets_of["downstream"] = {"probe": {"kind": "probe", "embedder": "reader"}}
    return sets_of


@pytest.fixture(scope="module")
def done(
    study: dict[str, Any], finished: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Folder in which that study ran once."""
    folder = tmp_path_factory.mktemp("loop") / "study"
    shutil.copytree(finished, folder, symlinks=True)  # what is the same is not made again
    run = run_snakemake(folder, study)
    assert run.returncode == 0, run.stdout
    yield folder
    shutil.rmtree(folder)


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"results/tiny/{name}.parquet")


def test_every_round_is_written_by_a_model_of_its_own(done: Path) -> None:
    digests = {}
    for sets_of in (
        "topic/D6",
        *(f"loop-{s}/R{r}" for s in ("replace", "accumulate") for r in (1, 2)),
    ):
        rows = table(done, f"curated/writer/{sets_of}/r0")
        assert rows.height == 16 and set(rows["label"].value_counts()["count"]) == {8}
        shard = done / f"results/tiny/generated/writer/{sets_of}/r0/0.parquet"
        about = json.loads(pl.read_parquet_metadata(shard)["mixtura"])
        digests[sets_of] = about["model_digest"]
    assert len(set(digests.values())) == 5
    assert not list((done / "results/tiny/tuned").rglob("*.safetensors"))  # used, and gone


def test_generators_and_downstream_models_train_on_the_mix_of_the_scheme(done: Path) -> None:
    sets = {
        name: set(table(done, f"curated/writer/{name}/r0")["id"])
        for name in ("topic/D6", "loop-accumulate/R1", "loop-accumulate/R2", "loop-replace/R1")
    }
    examples = set(table(done, "data/examples/r0")["id"])
    for name, real, sets_of in (
        ("loop-replace/R2", 0, sets["loop-replace/R1"]),
        ("loop-accumulate/R1", 8, sets["topic/D6"]),
        ("loop-accumulate/R2", 8, sets["topic/D6"] | sets["loop-accumulate/R1"]),
    ):
        mix = table(done, f"loop/writer/{name}/r0/mix")
        ids = {source: set(part["id"]) for (source,), part in mix.group_by("source")}
        assert ids["generated"] == sets_of and len(ids.get("real", ())) == real
        assert ids.get("real", set()) <= examples
        assert table(done, f"loop/writer/{name}/r0/steps").height == 3
    arms = table(done, "tables/arms").filter(design="loop")
    (last,) = arms.filter(pipeline="loop-accumulate", level="R2")["arm"]
    mix = table(done, "runs/probe/r0/seed-0/mixes").filter(arm=last)
    every = sets["topic/D6"] | sets["loop-accumulate/R1"] | sets["loop-accumulate/R2"]
    assert set(mix.filter(source="generated")["id"]) == every and mix.height == 8 + 48


def test_the_curves_have_every_round_and_measure(done: Path) -> None:
    rounds_of = table(done, "tables/collapse")
    check(rounds_of, "collapse", Collapse)
    measures = {"accuracy", "perplexity", "dcscore", "vendi_score", "distinct_n", "c2st"}
    for _, part in rounds_of.group_by("scheme", "round"):
        assert measures | {"tail_loss", "mmd_test"} <= set(part["measure"])
    assert set(rounds_of["round"]) == {0, 1, 2}
    likely = rounds_of.filter(kind="perplexity")
    assert likely.filter(round=0)["value"].n_unique() == 1  # of one untuned generator
    assert likely.filter(pl.col("round") > 0)["value"].n_unique() == 4
    assert (likely["n"] == 20).all() and (likely["value"] > 1).all()
    first = table(done, "tables/diversity").filter(pipeline="topic", measure="vendi_score")
    at_start = rounds_of.filter(measure="vendi_score", round=0, scheme="replace")
    assert at_start["value"].to_list() == first["value"].to_list()
    text = (done / "results/tiny/findings.md").read_text()
    assert "## Model collapse: 2 rounds of self-training" in text and "- accumulate (" in text
    assert (done / "results/tiny/figures/collapse.svg").stat().st_size > 1000
    assert "Model collapse, round by round" in (done / "results/tiny/report.html").read_text()


def planned(run: Any) -> Counter[str]:
    printed = run.stdout.partition("Job stats:")[2].partition("total")[0]
    lines = [line.split() for line in printed.splitlines()[3:] if line]
    return Counter({rule: int(count) for rule, count, *_ in lines})


def test_one_more_round_computes_that_round_alone(done: Path, study: dict[str, Any]) -> None:
    again = run_snakemake(done, study, "-n")
    assert "Nothing to be done" in again.stdout
    more = copy.deepcopy(study)
    more["designs"]["loop"]["rounds"] = 3
    run = run_snakemake(done, more, "-n", "--quiet", "rules")
    jobs = planned(run)
    sets_of = ("tune", "generate", "curate", "embed", "diversity", "shift", "perplexity")
    assert {rule: jobs[rule] for rule in sets_of} == dict.fromkeys(sets_of, 2)
    assert not set(jobs) & {"model", "task", "split", "embed_real"}
    output = run_snakemake(done, more, "-n").stdout
    written = re.findall(r"(?:Tune|Generate|Curate|Embed|Measure|Give)[^\n]* (R[0-9])", output)
    assert written and set(written) == {"R3"}
    without = copy.deepcopy(study)
    del without["designs"]["loop"]
    left = planned(run_snakemake(done, without, "-n", "--quiet", "rules"))
    assert not set(left) & {"tune", "perplexity", "generate", "curate", "embed", "diversity"}


def test_an_allocation_adds_its_cells_to_a_study_with_a_loop(
    tiny: dict[str, Any], tmp_path: Path
) -> None:
    study = with_loop(tiny, schemes=["replace"], rounds=1) | {"replicates": 2}

    def jobs() -> Counter[str]:
        run = run_snakemake(tmp_path, study, "-n")
        assert run.returncode == 0, run.stdout
        table = re.findall(r"(?m)^([a-z_]+) +([0-9]+)$", run.stdout)
        return Counter({rule: int(count) for rule, count in table})

    before = jobs()
    point = next(p for p in read_plan(study).sets.points if p.arm.n_real and p.arm.level == "D6")
    cell = Cell(model="reader", arm=point.arm.name, replicate=ALLOCATED)
    write_allocation(tmp_path / "results/tiny", Allocation(cells=(cell,)))
    after = jobs()
    assert after - before == Counter(
        total=after["total"] - before["total"], finetune=2, generate=2, curate=1, embed=1,
        examples=1, diversity=1, shift=1, topics=after["topics"] - before["topics"],
        embed_examples=after["embed_examples"] - before["embed_examples"],
    )  # fmt: skip
    assert not before - after
