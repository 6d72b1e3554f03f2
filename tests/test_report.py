"""The report: it answers first, needs nothing else, trusts no text, and works in a browser."""

import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import studies
from mixtura.figures import FIGURES, draw
from mixtura.hypotheses import QUESTIONS, hypotheses
from mixtura.report import render_report, stage_times
from mixtura.stats import NO_GAIN

TEMPLATE = Path(__file__).parent.parent / "workflow/report/report.html.j2"
STYLE = {"colours": "viridis", "width": 6.4, "height": 4.0}
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>{{ 7 * 7 }} {% raw %}"
SETS = [f"writer/{pipeline}/D{at}" for pipeline in studies.PIPELINES for at in range(7)]


def page(
    effect: Any, text: str | None = None, drawn: tuple[str, ...] = (), **more: pl.DataFrame
) -> str:
    """The report of a made-up study of 7 levels and 2 pipelines, with the figures `drawn`."""
    tables = studies.study(effect, models=("small", "big"), real=(64, 256), items=120)
    names = ("scores", "diversity", "shift")
    tables["hypotheses"] = hypotheses(
        *(tables[name] for name in names), tables["findings"], {"small": 10**7, "big": 10**9}
    )
    tables |= {"curation": studies.curation(), "generation": studies.generation(), **more}
    figures = {}
    for name in drawn:
        file = io.StringIO()
        drawn_from = tables | studies.embeddings(SETS) | {"collapse": studies.collapse()}
        draw(name, drawn_from, STYLE).savefig(file, format="svg", bbox_inches="tight")
        figures[name] = file.getvalue()
    return render_report(
        TEMPLATE.read_text(),
        study=studies.ABOUT,
        tables=tables,
        figures=figures,
        samples={
            "real": studies.texts("real", 64),
            **{s: studies.texts(s, 192, text) for s in SETS},
        },
        removed={name: studies.removed(name, text) for name in SETS},
        provenance={"writer": {"path": "models/writer", "parameters": 134_500_000}},
        absent=["gain by model needs several models"],
        times=[{"stage": "generate", "jobs": 2, "seconds": 9.0, "longest": 5.0, "memory": None}],
        versions={"torch": "2.13.0"},
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


def test_no_gain_is_the_first_thing_said(plain: str) -> None:
    assert plain.count(f"<b>{NO_GAIN}</b>") == 4  # two models, two numbers of real rows
    assert plain.index(NO_GAIN) < plain.index("<nav")
    assert "Not drawn: gain by model needs several models." in plain


def test_a_gain_comes_first_with_its_cost(whole: str) -> None:
    first = whole[: whole.index("<nav")]
    assert "at D3 with" in first or "at D2 with" in first or "at D4 with" in first
    assert "tokens written" in first and "CPU hours" in first


def test_every_part_of_the_study_is_on_the_page(whole: str) -> None:
    assert all(question in whole for question in QUESTIONS.values())
    for told in ("vendi_score (q 1.0)", "134,500,000", "models/writer", "torch 2.13.0", "9.0 s"):
        assert told in whole
    assert whole.count("<svg role=") == len(FIGURES) == whole.count("</figure>")
    assert "Removed: 58 rows, the first 12 here" in whole


def test_it_needs_nothing_from_outside_and_is_small(whole: str) -> None:
    outside = ("src=", "<link", "@import", "url(http", 'href="http')
    body = whole.replace("src=x onerror", "")
    assert not [part for part in outside if part in body]
    assert len(whole.encode()) < 5_000_000


def test_text_never_becomes_markup(whole: str) -> None:
    assert "<script>document" not in whole and "<img" not in whole
    assert whole.count("&lt;script&gt;document") == 14 * 24
    assert "{{ 7 * 7 }} {% raw %}" in whole


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
const th = [...document.querySelectorAll("#scores ~ .scroll thead th")].slice(0, 9), told = {};
const column = () => [...th[0].closest("table").tBodies[0].rows].map(r => r.cells[3].textContent);
th[3].firstChild.click(); told.up = column(); th[3].firstChild.click(); told.down = column();
const side = document.querySelectorAll("#browser select")[1];
side.value = "3"; side.dispatchEvent(new Event("change"));
told.sides = [...document.querySelectorAll("#browser .set h3")].map(h => h.textContent);
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
</script></body>"""


FRAME = """<body><iframe src="report.html" style="width:{width}px;height:900px"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentWindow;
  const told = JSON.parse(page.document.body.textContent);
  document.body.textContent = JSON.stringify(told);
}};
</script></body>"""  # a window is never narrower than 500 pixels, a frame is


def in_browser(folder: Path, html: str, width: int, *flags: str) -> dict[str, Any]:
    """What PROBE tells of a page that is `width` pixels wide, in a headless Chromium."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("no chromium on this machine")
    (folder / "report.html").write_text(html.replace("</body>", PROBE))
    (folder / "frame.html").write_text(FRAME.format(width=width))
    always = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --dump-dom"
    always += " --disable-background-networking --disable-component-update --disable-sync"
    command = [chromium, *always.split(), "--allow-file-access-from-files", *flags]
    command += [f"--window-size={width + 60},1000", f"--user-data-dir={folder / 'profile'}"]
    command += [f"file://{folder / 'frame.html'}"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=180)
    told: dict[str, Any] = json.loads(
        run.stdout[run.stdout.index('{"') : run.stdout.rindex("}") + 1]
    )
    return told


@pytest.mark.parametrize("width", [390, 1280])
def test_tables_sort_and_sets_change_in_a_browser(whole: str, width: int, tmp_path: Path) -> None:
    told = in_browser(tmp_path, whole, width)
    assert told["title"] == "Mixtura: made-up" and told["width"] == width
    scores = [float(cell.split()[0]) for cell in told["up"]]
    assert scores == sorted(scores) and scores[0] < scores[-1]
    assert [float(cell.split()[0]) for cell in told["down"]] == sorted(scores, reverse=True)
    assert told["sides"] == ["real", SETS[2]]
    assert told["wide"], f"the page is wider than {width} pixels"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(plain: str, scheme: str, tmp_path: Path) -> None:
    """WCAG 2.2 AA asks for a contrast of 4.5 between text and what is behind it."""
    flag = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
    told = in_browser(tmp_path, plain, 800, flag)
    assert told["dark"] == (scheme == "dark")
    poor = {name: seen for name, seen in told["contrast"].items() if seen < 4.5}
    assert len(told["contrast"]) > 5 and not poor


def test_searched_settings_are_told_with_the_labels_they_took(plain: str) -> None:
    runs = [(arm, seed) for arm in ("a", "b") for seed in (0, 1)]
    rows = [
        {"arm": arm, "model": "small", "seed": seed, "c": None, "learning_rate": rate}
        | {"loss": loss, "chosen": rate == 1e-4}
        for arm, seed in runs
        for rate, loss in ((1e-4, 0.25 + seed), (1e3, None))
    ]
    told = page(studies.flat, search=pl.DataFrame(rows))
    assert "least loss on 24 real labelled rows" in told and "least loss on" not in plain
    cells = "<td>small</td><td>learning_rate {}</td><td>{}</td><td>4</td>"
    assert cells.format("0.0001", 4) + '<td class="number">0.750</td>' in told
    assert cells.format("1000", 0) + '<td class="number">diverged</td>' in told
