"""The whole workflow on a tiny study: it runs, it repeats, and it reruns what a change touches."""

import copy
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from conftest import ROOT, run_snakemake
from mixtura.core.tables import read_about
from mixtura.plan.plan import read_plan


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder / f"results/tiny/{name}.parquet")


def planned(folder: Path, config: dict[str, Any]) -> set[str]:
    """Rules that a dry run lists."""
    run = run_snakemake(folder, config, "-n", "--quiet", "rules")
    assert run.returncode == 0, run.stdout
    lines = run.stdout.partition("Job stats:")[2].partition("total")[0].splitlines()
    return {line.split()[0] for line in lines[3:] if line.strip()} - {"all"}


def with_changes(tiny: dict[str, Any], **sections: Any) -> dict[str, Any]:
    changed = copy.deepcopy(tiny)
    for name, section in sections.items():
        changed[name] = (
            {**changed.get(name, {}), **section} if isinstance(section, dict) else section
        )
    return changed


def test_progress_says_how_many_of_how_many(done: Path) -> None:
    printed = (done / "first-run.txt").read_text()
    assert "5 finetune" in printed.splitlines()[2]
    assert re.search(r" left, \d+ tokens/s \| finetune 5/5: ", printed)
    assert "Traceback" not in printed and "MISSING" not in printed


def test_nothing_is_to_be_done_twice(done: Path, tiny: dict[str, Any]) -> None:
    run = run_snakemake(done, tiny)
    assert run.returncode == 0 and "Nothing to be done" in run.stdout


def test_all_sets_have_the_floor_of_the_same_real_text(done: Path) -> None:
    """The first set measures it, the others read it."""
    kept = [json.loads(f.read_text()) for f in (done / "results/tiny/.floors").iterdir()]
    shift = table(done, "tables/shift")
    assert len(kept) == shift["embedder"].n_unique()
    one_set = shift.filter(level="D0", embedder=shift["embedder"][0])
    assert sum(map(len, kept[0].values())) == one_set.height
    floors = shift.group_by("embedder", "measure", "settings").agg(pl.col("floor").n_unique())
    assert shift["level"].n_unique() > 1 and set(floors["floor"]) == {1}


def test_levels_hold_equal_n_and_balanced_labels(done: Path) -> None:
    for level in ("D0", "D6"):
        rows = table(done, f"curated/writer/topic/{level}/r0")
        assert dict(rows["label"].value_counts().iter_rows()) == {"positive": 8, "negative": 8}
        assert rows["id"].n_unique() == rows["text"].n_unique() == 16
    assert table(done, "curated/writer/topic/D0/r0")["topic"].n_unique() == 1
    assert table(done, "curated/writer/topic/D6/r0")["topic"].n_unique() > 1


def test_every_set_leads_back_to_model_prompt_sampling_and_seed(done: Path) -> None:
    files = list((done / "results/tiny/curated").rglob("*.parquet"))
    assert files
    for file in files:
        (origin,) = read_about(file)["origins"].values()
        assert origin["generator"]["prompt"] and origin["generator"]["sampling"]["temperature"]
        assert origin["model_digest"] and origin["stream"][1] == "writer"


def test_every_completion_is_a_row_or_has_a_receipt(done: Path) -> None:
    for level in ("D0", "D6"):
        shards = [
            table(done, f"{kind}/writer/topic/{level}/r0/{shard}")
            for kind in ("generated", "rejected")
            for shard in (0, 1)
        ]
        assert sorted(row for shard in shards for row in shard["index"]) == list(range(64))
        counts = table(done, "tables/curation").filter(level=level)
        removed = table(done, f"removed/writer/topic/{level}/r0")
        assert counts["removed"].sum() == removed.height
        assert counts["rows_in"][0] == shards[0].height + shards[1].height


def test_the_test_split_is_predicted_and_never_trained_on(done: Path) -> None:
    splits = table(done, "data/splits")
    test = set(splits.filter(split="test")["id"])
    predictions = table(done, "tables/predictions")
    runs = predictions.group_by("arm", "model", "seed").agg(pl.col("id").sort())
    assert runs.height == 10 and all(set(ids) == test and len(ids) == 40 for ids in runs["id"])
    mixes = list((done / "results/tiny/runs").rglob("mix.parquet"))
    assert len(mixes) == 10
    for mix in mixes:
        assert pl.read_parquet_schema(mix).names() == ["id", "source"]
        assert test.isdisjoint(pl.read_parquet(mix)["id"])
    shown = {
        row
        for shard in (done / "results/tiny/generated").rglob("*.parquet")
        for ids in pl.read_parquet(shard)["example_ids"]
        for row in ids
    }
    assert shown <= set(table(done, "data/examples/r0")["id"])


def test_findings_agree_with_the_predictions(done: Path) -> None:
    right = (
        table(done, "tables/predictions")
        .group_by("arm")
        .agg(accuracy=(pl.col("gold") == pl.col("predicted")).mean())
    )
    findings_table = table(done, "tables/findings").filter(metric="accuracy").join(right, on="arm")
    assert findings_table.height == 5
    assert (findings_table["value"] - findings_table["accuracy"]).abs().max() < 1e-9
    base = findings_table.filter(design="real-only")["value"][0]
    others = findings_table.filter(pl.col("design") != "real-only")
    assert (others["difference"] - (others["value"] - base)).abs().max() < 1e-9
    scores = table(done, "tables/scores").filter(metric="accuracy")
    assert abs(scores["value"].mean() - findings_table["accuracy"].mean()) < 1e-9


def test_measures_have_floors_and_intervals(done: Path) -> None:
    diversity, shift = table(done, "tables/diversity"), table(done, "tables/shift")
    assert set(diversity["measure"]) == {"dcscore", "vendi_score", "distinct_n"}
    assert set(shift["measure"]) == {"mmd_test", "c2st", "nearest_real_distance"}
    assert diversity.filter(pl.col("low") > pl.col("high")).is_empty()
    assert shift["floor"].null_count() == 0 and set(shift["n"]) == {16}


def test_what_was_embedded_is_not_embedded_again(done: Path, tiny: dict[str, Any]) -> None:
    """The store outlives the declared outputs."""
    set_ = "results/tiny/embeddings/reader/writer/topic/D0/r0.parquet"
    before = (done / set_).read_bytes()
    run = run_snakemake(done, tiny, "--force", set_)
    assert run.returncode == 0, run.stdout
    assert (done / set_).read_bytes() == before
    stats = json.loads(
        (done / "results/tiny/logs/embed/reader/writer/topic/D0/r0.json").read_text()
    )
    assert (stats["rows"], stats["embedded"]) == (16, 0)


def test_one_more_seed_trains_that_seed(done: Path, tiny: dict[str, Any]) -> None:
    run = run_snakemake(done, {**tiny, "seeds": [0, 1, 2]}, "-n")
    assert run.stdout.count("Fine-tune reader") == 5
    rules = {"finetune", "evaluate", "findings", "figures", "report"}
    assert planned(done, {**tiny, "seeds": [0, 1, 2]}) == rules


@pytest.mark.parametrize(
    ("sections", "rules"),
    [
        ({"plots": {"colours": "magma"}}, {"figures", "report"}),
        (
            {"curation": {"full": {"filters": {"length": {"min_words": 2}}}}},
            {
                "curate",
                "embed",
                "diversity",
                "shift",
                "collect_scores",
                "collect_generation",
                "finetune",
            }
            | {"evaluate", "findings", "figures", "report"},
        ),
        ({"resources": {"finetune": {"mem_mb": 9000}}}, set()),
        (
            {"diversity": {"measures": ["radius"], "repeats": 4}},
            {"diversity", "collect_scores", "findings", "figures", "report"},
        ),
    ],
    ids=["plot option", "filter threshold", "memory", "measures"],
)
def test_a_change_reruns_what_it_touches(
    done: Path, tiny: dict[str, Any], sections: dict[str, Any], rules: set[str]
) -> None:
    # The report prints the configuration; memory is no part of it.
    assert planned(done, with_changes(tiny, **sections)) == rules


def test_one_levels_setting_regenerates_that_level(done: Path, tiny: dict[str, Any]) -> None:
    changed = copy.deepcopy(tiny)
    changed["pipelines"]["topic"]["levels"]["D6"]["topics"] = 5
    run = run_snakemake(done, changed, "-n")
    assert run.stdout.count("Generate topic D6") == 2 and "Generate topic D0" not in run.stdout


def test_a_variant_of_curation_makes_a_set_of_the_same_text(
    done: Path, tiny: dict[str, Any]
) -> None:
    changed = copy.deepcopy(tiny)
    changed["pipelines"]["bare"] = {"of": "topic", "curation": "none"}
    changed["generate"]["pipelines"] = ["topic", "bare"]
    run = run_snakemake(done, changed, "-n")
    curated = {line for line in run.stdout.splitlines() if "Curate" in line}
    assert run.returncode == 0 and len(curated) == 2 and "Curate writer topic" not in run.stdout
    assert "Generate" not in run.stdout and run.stdout.count("Fine-tune reader") == 2 * 2
    run = run_snakemake(done, changed, "results/tiny/curated/writer/bare/D0/r0.parquet")
    assert run.returncode == 0, run.stdout
    pool = pl.concat(table(done, f"generated/writer/topic/D0/r0/{shard}") for shard in (0, 1))
    first = pool.sort("index").group_by("label").head(8).sort("index")
    assert table(done, "curated/writer/bare/D0/r0")["id"].to_list() == first["id"].to_list()
    assert table(done, "removed/writer/bare/D0/r0").is_empty()


def test_curation_compares_embeddings_and_leaves_them_to_the_measures(
    done: Path, tiny: dict[str, Any]
) -> None:
    changed = copy.deepcopy(tiny)
    # texts of random words are all but one to an encoder of random weights
    near = {"semantic": {"threshold": 1.0}, "decontaminate": {"similarity": 1.0}}
    changed["curation"] = {"near": near}
    changed["pipelines"]["near"] = {"of": "topic", "curation": "near"}
    changed["generate"]["pipelines"] = ["topic", "near"]
    set_name = "reader/writer/near/D6/r0"
    run = run_snakemake(done, changed, f"results/tiny/embeddings/{set_name}.parquet")
    assert run.returncode == 0, run.stdout
    stages = table(done, "removed/counts/writer/near/D6/r0")["stage"].to_list()
    assert [s for s in dict.fromkeys(stages) if s in ("semantic", "decontaminate")]
    pool = table(done, "embeddings/reader/pool/writer/topic/D6/r0")
    assert set(pool["id"]) == {
        row for i in (0, 1) for row in table(done, f"generated/writer/topic/D6/r0/{i}")["id"]
    }
    test = table(done, "data/splits").filter(split="test")
    for name, rows in (("test", test), ("examples/r0", table(done, "data/examples/r0"))):
        assert set(table(done, f"embeddings/reader/{name}")["id"]) == set(rows["id"])
    stats = json.loads((done / f"results/tiny/logs/embed/{set_name}.json").read_text())
    assert stats["embedded"] == 0


def test_what_is_planted_in_a_pool_is_found(
    done: Path, study_copy: Path, tiny: dict[str, Any]
) -> None:
    """Broken rows; test rows verbatim, lightly edited, embedded in a longer text; an example."""
    set_ = "writer/topic/D0/r0"
    splits = table(done, "data/splits")
    real = table(done, "data/reviews").join(splits.select("id", "split"), on="id")
    test, example = real.filter(split="test"), table(done, "data/examples/r0")["text"][0]
    edited = test["text"][1].split()
    edited[1] = "unseen"
    planted = {
        "null": None,
        "bytes": "bad \ufffd bytes",
        "long": "word " * 200_000,
        "white": " \t\u200b",
        "verbatim": test["text"][0].upper(),
        "edited": " ".join(edited),
        "embedded": f"they wrote {test['text'][2]} and we agreed on it",
        "shown": f"they wrote {example} and we agreed on it",
    }
    shard = study_copy / f"results/tiny/generated/{set_}/0.parquet"
    rows = pl.read_parquet(shard)
    more = rows.head(len(planted)).with_columns(
        id=pl.Series([*planted]), text=pl.Series([*planted.values()])
    )
    pl.concat([more, rows]).write_parquet(shard)
    run = run_snakemake(study_copy, tiny, f"results/tiny/curated/{set_}.parquet")
    assert run.returncode == 0, run.stdout
    removed = table(study_copy, f"removed/{set_}").filter(pl.col("id").is_in([*planted]))
    reasons = dict(removed.filter(stage="broken").select("id", "reason").iter_rows())
    assert reasons == {
        "null": "null text",
        "bytes": "invalid UTF-8",
        "long": "more than 100000 characters",
        "white": "empty text",
    }
    like = dict(removed.filter(stage="decontaminate").select("id", "kept_id").iter_rows())
    assert {k: like[k] for k in ("verbatim", "edited", "embedded")} == dict(
        zip(("verbatim", "edited", "embedded"), test["id"][:3], strict=True)
    )
    assert removed.height == len(planted)
    assert table(study_copy, f"curated/{set_}").equals(table(done, f"curated/{set_}"))


def test_a_judge_that_only_guesses_is_refused(done: Path, tiny: dict[str, Any]) -> None:
    changed = copy.deepcopy(tiny)
    changed["curation"] = {"judged": {"filters": {"label_consistency": {"judge": "writer"}}}}
    changed["pipelines"]["judged"] = {"of": "topic", "curation": "judged"}
    changed["generate"]["pipelines"] = ["topic", "judged"]
    run = run_snakemake(done, changed, "results/tiny/curated/writer/judged/D0/r0.parquet")
    assert "the judge 'writer' names the label of" in run.stdout
    judged = table(done, "judged/writer/writer/topic/D0/r0")
    pool = pl.concat(table(done, f"generated/writer/topic/D0/r0/{i}") for i in (0, 1))
    examples = table(done, "data/examples/r0")
    assert set(pool["id"]) < set(judged["id"])
    assert len(judged) - len(pool) == len(examples) - 4  # two of each label were shown
    assert set(judged["judged"]) <= {"", "positive", "negative"}


def test_a_shard_that_is_made_again_is_the_same(study_copy: Path, tiny: dict[str, Any]) -> None:
    shard = study_copy / "results/tiny/generated/writer/topic/D0/r0/0.parquet"
    before = shard.read_bytes()
    run = run_snakemake(study_copy, tiny, "--force", str(shard.relative_to(study_copy)))
    assert run.returncode == 0, run.stdout
    assert shard.read_bytes() == before
    assert not list((study_copy / "results/tiny/.resume").iterdir())


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet", "copy of a data set"])
def test_every_file_source_gives_the_same_rows(
    kind: str, done: Path, tmp_path: Path, tiny: dict[str, Any]
) -> None:
    frame = pl.read_csv(tiny["task"]["data"]["path"])
    path = tmp_path / f"rows.{kind}"
    if kind == "tsv":
        frame.write_csv(path, separator="\t")
    elif kind == "jsonl":
        frame.write_ndjson(path)
    elif kind == "parquet":
        frame.write_parquet(path)
    else:
        datasets.Dataset.from_dict(frame.to_dict(as_series=False)).save_to_disk(path)
    task = {**tiny["task"], "data": {"path": str(path)}}
    run = run_snakemake(tmp_path, {**tiny, "task": task}, "results/tiny/data/reviews.parquet")
    assert run.returncode == 0, run.stdout
    assert table(tmp_path, "data/reviews").equals(table(done, "data/reviews"))


def test_an_error_of_a_job_names_it_and_its_log(study_copy: Path, tiny: dict[str, Any]) -> None:
    short = {"full": {"filters": {"length": {"min_words": 500}}}}
    changed = with_changes(tiny, curation=short)
    run = run_snakemake(study_copy, changed, "results/tiny/curated/writer/topic/D0/r0.parquet")
    assert run.returncode != 0
    assert "curate writer topic D0 r0: ValueError: too few rows were accepted" in run.stdout
    assert "raise generate.overgenerate" in run.stdout
    assert "logs/curate/writer/topic/D0/r0.log" in run.stdout


def test_a_wrong_configuration_stops_before_any_job(tmp_path: Path, tiny: dict[str, Any]) -> None:
    run = run_snakemake(tmp_path, with_changes(tiny, generate={"batchsize": 3}))
    assert run.returncode != 0
    assert "generate.batchsize: unknown key (value 3)" in run.stdout
    assert "Traceback" not in run.stdout and not (tmp_path / "results").exists()


def test_the_slurm_profile_plans_without_slurm(tmp_path: Path, tiny: dict[str, Any]) -> None:
    run = run_snakemake(tmp_path, tiny, "-n", profile="slurm")
    assert run.returncode == 0, run.stdout
    assert "finetune" in run.stdout


def test_the_report_shows_its_figures_in_a_browser(done: Path, tiny: dict[str, Any]) -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    page = done / "results/tiny/report.html"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags += [
        "--no-first-run",
        f"--user-data-dir={done / 'chromium'}",
        "--virtual-time-budget=2000",
    ]
    seen = subprocess.run(
        [chromium, *flags, "--dump-dom", f"file://{page}"],
        capture_output=True,
        text=True,
        timeout=120,
    ).stdout
    figures = read_plan(tiny).report.figures
    assert seen.count("<svg role=") == len(figures) == seen.count("</figure>")
    assert seen.count('class="marks"') >= 4  # charts by Vega
    assert "designed diversity level" in seen


def test_snakemakes_own_report_has_the_figures_and_their_captions(
    done: Path, tiny: dict[str, Any]
) -> None:
    run = run_snakemake(done, tiny, "--report", str(done / "snakemake.zip"))
    assert run.returncode == 0, run.stdout
    with zipfile.ZipFile(done / "snakemake.zip") as archive:
        text = " ".join(archive.read(name).decode(errors="ignore") for name in archive.namelist())
    for name in read_plan(tiny).report.figures:
        assert f"{name}.svg" in text
        caption = (ROOT / f"workflow/report/captions/{name}.rst").read_text().split(".")[0]
        assert " ".join(caption.split()) in " ".join(text.split()), name
