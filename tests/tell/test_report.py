"""The report: it answers first, needs nothing else, trusts no text, and works in a browser."""

import io
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

import studies
from conftest import ROOT
from mixtura.core.sets import SetKey
from mixtura.infer.hypotheses import hypotheses
from mixtura.study.load import load_study
from mixtura.tell.figures import FIGURES, draw
from mixtura.tell.hypotheses import QUESTIONS
from mixtura.tell.report import render_report, stage_times
from mixtura.tell.settings import FigureSettings
from mixtura.tell.texts import SetTexts, browser

pytestmark = pytest.mark.workflow  # pages in a browser

TEMPLATE = Path(__file__).parents[2] / "workflow/report/report.html.j2"
STYLE = FigureSettings()
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>{{ 7 * 7 }} {% raw %}"
KEYS = [
    SetKey("writer", pipeline, f"D{at}", "r0") for pipeline in studies.PIPELINES for at in range(7)
]
SETS = ["/".join(key[:3]) for key in KEYS]
REAL = studies.texts("real", 64)
METHODS = TEMPLATE.with_name("methods.bib")
STUDY = load_study(yaml.safe_load((ROOT / "config/config.yaml").read_text())).model_dump(
    mode="json", by_alias=True
) | {"study": "made-up"}
STUDY["task"]["development"]["rows"] = 24


def vectors(rows: pl.DataFrame) -> pl.DataFrame:
    """Embeddings of rows."""
    numbers = np.random.default_rng(rows.height).normal(size=(rows.height, 8))
    return rows.select("id", embedding=pl.Series(numbers, dtype=pl.Array(pl.Float32, 8)))


def rows_of_sets(text: str | None) -> Iterator[SetTexts]:
    """Every set, with `text` in all its rows."""
    for key in KEYS:
        rows = studies.texts("/".join(key[:3]), 192, text)
        yield SetTexts(key, rows, studies.removed(key.level, text), vectors(rows))


def page(
    effect: Any,
    text: str | None = None,
    drawn: tuple[str, ...] = (),
    notes: Sequence[str] = (),
    **more: pl.DataFrame,
) -> str:
    """The report of a made-up study of 7 levels and 2 pipelines, with the figures `drawn`."""
    tables = studies.study(effect, models=("small", "big"), real=(64, 256), items=120)
    names = ("predictions", "arms", "diversity", "shift", "findings")
    tables["hypotheses"] = hypotheses(
        *(tables[name] for name in names), sizes={"small": 10**7, "big": 10**9}
    )
    tables |= {"curation": studies.curation(), "generation": studies.generation(), **more}
    tables.setdefault("surface", studies.recommended())
    figures = {}
    for name in drawn:
        file = io.StringIO()
        drawn_from = tables | studies.embeddings(SETS)
        drawn_from |= {"collapse": studies.collapse(), "surface": studies.surface()}
        drawn_from |= {"power": studies.power()}
        draw(name, drawn_from, STYLE).savefig(file, format="svg", bbox_inches="tight")
        figures[name] = file.getvalue()
    of_draw = {"replicate": pl.lit(0), "shown": pl.lit(64)}
    for name in ("diversity", "shift", "curation", "generation"):
        tables[name] = tables[name].with_columns(**of_draw)
    return render_report(
        TEMPLATE.read_text(),
        METHODS.read_text(),
        study=STUDY,
        tables=tables,
        figures=figures,
        texts=browser(rows_of_sets(text), len(KEYS), {"r0": (REAL, vectors(REAL))}),
        provenance={"writer": {"path": "models/writer", "parameters": 134_500_000}},
        absent=["gain by model needs several models"],
        times=[{"stage": "generate", "jobs": 2, "seconds": 9.0, "longest": 5.0, "memory": None}],
        versions={"torch": "2.13.0"},
        left_out={"duplicates": 7, "with other labels": 0},
        notes=notes,
    )


@pytest.fixture(scope="module")
def whole() -> str:
    """The page with every figure and hostile text in every row."""

    def effect(row: dict[str, Any], model: str) -> float:
        return studies.peaked(row, model) if row["level"] else 0.4

    return page(effect, HOSTILE, tuple(FIGURES))


@pytest.fixture(scope="module")
def plain() -> str:
    return page(studies.flat)


def test_what_the_study_cannot_tell_is_among_the_first_lines(plain: str) -> None:
    first = plain[: plain.index("<nav")]
    assert "<dt>Not seen</dt>" in first and "another task or other prompts" in first
    assert "One replicate: everything here holds for this draw" in first
    assert plain.count(": Too small to tell: ") == 4  # two models, two numbers of real rows
    assert "Not drawn: gain by model needs several models." in plain


def test_the_answer_comes_first_with_its_gain_and_its_cost(whole: str) -> None:
    first = whole[: whole.index("<nav")]
    assert "Beside 64 real rows train on 64 generated rows of topic D3" in first
    assert "+0.120 [+0.070, +0.170]" in first and "tokens written" in first
    assert first.count('class="vega"') == 7  # levels of the model, form and text of the answer
    assert whole.count('class="vega"') == 2 * 7 * 2 * 2 + 2  # models, levels, pipelines, forms
    assert "how diverse should generated text be" in first


def test_every_part_of_the_study_is_on_the_page(whole: str) -> None:
    assert "7 duplicates" in whole and "with other labels" not in whole
    absent = {key for key, question in QUESTIONS.items() if question not in whole}
    assert absent == {"regimes"}  # the study has one
    for output in ("vendi_score (q 1.0)", "134,500,000", "models/writer", "torch 2.13.0", "9.0 s"):
        assert output in whole
    assert whole.count("<svg role=") == len(FIGURES) == whole.count("</figure>")
    assert "friedman2023vendi" in whole and "The task is movie-sentiment" in whole


def embedded(page: str, name: str) -> Any:
    """The JSON that a page holds under a name."""
    opening = f'<script type="application/json" id="{name}">'
    start = page.index(opening) + len(opening)
    return json.loads(page[start : page.index("</script>", start)])


def test_the_browser_holds_what_was_kept_and_removed_with_the_nearest_real_text(
    whole: str,
) -> None:
    texts = embedded(whole, "text-rows")
    assert [len([row for row in texts["rows"] if row[0] == at]) for at in range(14)] == [250] * 14
    assert {row[5] for row in texts["rows"]} == {"", "fuzzy: similar"}
    assert all((row[3] is None) == bool(row[5]) for row in texts["rows"])
    assert texts["real"] == REAL["text"].to_list()


def test_it_needs_nothing_from_outside_and_is_small(whole: str) -> None:
    outside = ("src=", "<link", "@import", "url(http", 'href="http')
    library = whole.index("<script>", whole.index('id="text-rows"'))  # that of the charts
    body = whole[:library] + whole[whole.index('"use strict"') :]
    body = body.replace("src=x onerror", "")
    assert not [part for part in outside if part in body]
    assert len(whole.encode()) < 5_000_000


def test_text_never_becomes_markup(whole: str) -> None:
    assert "<script>document" not in whole and "<img src=x" not in whole
    assert embedded(whole, "text-rows")["rows"][0][2] == HOSTILE


def test_times_are_summed_by_stage(tmp_path: Path) -> None:
    for name, seconds in (("a/one", 3.0), ("a/deep/two", 4.5), ("b/x", 1.0)):
        file = tmp_path / f"{name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"s": seconds, "max_rss": 10 if "one" in name else "NA"}))
    assert stage_times(tmp_path) == [
        {"stage": "a", "jobs": 2, "seconds": 7.5, "longest": 4.5, "memory": 10},
        {"stage": "b", "jobs": 1, "seconds": 1.0, "longest": 1.0, "memory": None},
    ]
    assert stage_times(tmp_path / "none") == []


PROBE = """<script>
setTimeout(() => {  // charts are drawn by then
const th = [...document.querySelectorAll("#scores thead th")].slice(0, 9), told = {};
const column = () => [...th[0].closest("table").tBodies[0].rows].map(r => r.cells[3].textContent);
th[3].firstChild.click(); told.up = column(); th[3].firstChild.click(); told.down = column();
told.charts = document.querySelectorAll(".vega svg").length;
const filters = document.getElementById("filters");
const shown = () => [...document.querySelectorAll("#rows blockquote")];
told.all = document.getElementById("count").textContent;
filters.elements.level.value = "D2"; filters.elements.reason.value = "fuzzy: similar";
filters.dispatchEvent(new Event("input"));
told.levels = [...new Set(shown().map(n => n.querySelector(".tag").textContent))];
told.some = document.getElementById("count").textContent;
filters.elements.search.value = "no such words"; filters.dispatchEvent(new Event("input"));
told.none = shown().length;
told.wide = document.documentElement.scrollWidth <= window.innerWidth;
told.width = window.innerWidth;
told.title = document.title;
told.dark = matchMedia("(prefers-color-scheme: dark)").matches;
const parts = colour => colour.match(/[\\d.]+/g).map(Number);
const light = colour => parts(colour).slice(0, 3).map(c => c / 255)
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const behind = node => {
  for (; node; node = node.parentElement) {
    const colour = getComputedStyle(node).backgroundColor;
    if (parts(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
told.contrast = {};
for (const node of document.querySelectorAll("body *")) {
  const written = [...node.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
  if (!written || !node.checkVisibility() || node.closest("svg, script, style")) continue;
  const [one, other] = [light(getComputedStyle(node).color), light(behind(node))];
  const found = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const name = `${node.tagName}.${node.className}`;
  told.contrast[name] = Math.min(found, told.contrast[name] ?? 21);
}
document.body.textContent = JSON.stringify(told);
}, 2000);
</script></body>"""


FRAME = """<body><iframe src="report.html" style="width:{width}px;height:900px"></iframe><script>
const timer = setInterval(() => {{
  const page = document.querySelector("iframe").contentWindow;
  try {{ JSON.parse(page.document.body.textContent); }} catch {{ return; }}
  clearInterval(timer);
  document.body.textContent = page.document.body.textContent;
}}, 100);
</script></body>"""  # a window is never narrower than 500 pixels, a frame is


def in_browser(folder: Path, html: str, width: int, *flags: str) -> dict[str, Any]:
    """What PROBE tells of a page that is `width` pixels wide, in a headless Chromium."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    before, _, after = html.rpartition("</body>")  # the library of the charts has one too
    (folder / "report.html").write_text(before + PROBE + after)
    (folder / "frame.html").write_text(FRAME.format(width=width))
    always = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --dump-dom"
    always += " --virtual-time-budget=20000"
    always += " --disable-background-networking --disable-component-update --disable-sync"
    command = [chromium, *always.split(), "--allow-file-access-from-files", *flags]
    command += [f"--window-size={width + 60},1000", f"--user-data-dir={folder / 'profile'}"]
    command += [f"file://{folder / 'frame.html'}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180)
    output: dict[str, Any] = json.loads(
        run.stdout[run.stdout.index('{"') : run.stdout.rindex("}") + 1]
    )
    return output


@pytest.mark.parametrize("width", [390, 1280])
def test_tables_sort_and_sets_change_in_a_browser(whole: str, width: int, tmp_path: Path) -> None:
    output = in_browser(tmp_path, whole, width)
    assert output["title"] == "Mixtura: made-up" and output["width"] == width
    scores = [float(cell.split()[0]) for cell in output["up"]]
    assert scores == sorted(scores) and scores[0] < scores[-1]
    assert [float(cell.split()[0]) for cell in output["down"]] == sorted(scores, reverse=True)
    assert output["charts"] == 2 * 7 * 2 * 2 + 2  # gains; diversity and shift
    assert output["all"] == "3500 of 3500 texts" and output["some"] == "116 of 3500 texts"
    assert output["levels"] == ["D2"] and output["none"] == 0
    assert output["wide"], f"the page is wider than {width} pixels"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(plain: str, scheme: str, tmp_path: Path) -> None:
    """WCAG 2.2 AA asks for a contrast of 4.5 between text and what is behind it."""
    flag = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
    output = in_browser(tmp_path, plain, 800, flag)
    assert output["dark"] == (scheme == "dark")
    poor = {name: seen for name, seen in output["contrast"].items() if seen < 4.5}
    assert len(output["contrast"]) > 5 and not poor


def test_searched_settings_are_told_with_the_labels_they_took(plain: str) -> None:
    runs = [(arm, seed) for arm in ("a", "b") for seed in (0, 1)]
    rows = [
        {"arm": arm, "model": "small", "seed": seed, "c": None, "learning_rate": rate}
        | {"loss": loss, "chosen": rate == 1e-4}
        for arm, seed in runs
        for rate, loss in ((1e-4, 0.25 + seed), (1e3, None))
    ]
    output = page(studies.flat, search=pl.DataFrame(rows))
    assert "least loss on 24 real labelled rows" in output and "least loss on" not in plain
    cells = "<td>small</td><td>learning_rate {}</td><td>{}</td><td>4</td>"
    assert cells.format("0.0001", 4) + '<td class="number">0.750</td>' in output
    assert cells.format("1000", 0) + '<td class="number">diverged</td>' in output


def test_notes_stand_before_the_numbers_and_signs_of_a_screen_are_shown() -> None:
    html = page(studies.flat, "\x00 red \x1b[31m back \u202e", notes=["short does not read `all`"])
    assert html.index("short does not read all") < html.index("<nav")
    assert embedded(html, "text-rows")["rows"][0][2] == "␀ red ␛[31m back <U+202E>"
    assert not {"\x00", "\x1b", "\u202e"} & set(html)
