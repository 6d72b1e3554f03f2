"""Files of other languages from the file to the report.

A server writes what the study asks for: random texts of a small vocabulary in its language.
"""

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from conftest import run_snakemake
from fake_server import Server, prompt_of, reply
from served import study_of

WORDS = {  # (noun, two labels with words of each, words of both)
    "de": (
        ("Rechnung", ["falsch", "doppelt", "bezahlt", "Betrag", "Mahnung", "gebucht"]),
        ("Lieferung", ["Paket", "verspätet", "Straße", "Größe", "beschädigt", "Bote"]),
        ["der", "meine", "wurde", "heute", "leider", "schon", "wieder", "nicht", "und", "ist"],
    ),
    "zh": (
        ("好评", list("好美妙乐佳赞")),
        ("差评", list("差坏烂丑闷糟")),
        list("电影的音乐故事演员很这部天气"),
    ),
    "hi": (
        ("अच्छा", ["सुंदर", "बढ़िया", "मज़ेदार", "शानदार", "प्यारी", "उम्दा"]),
        ("बुरा", ["ख़राब", "उबाऊ", "बेकार", "धीमी", "कमज़ोर", "फीकी"]),
        ["फिल्म", "की", "कहानी", "और", "संगीत", "का", "अभिनय", "बहुत", "है", "यह"],
    ),
    "ar": (
        ("إيجابي", ["رائع", "جميل", "ممتع", "مدهش", "لطيف", "بديع"]),
        ("سلبي", ["سيئ", "ممل", "ضعيف", "بطيء", "فاشل", "رديء"]),
        ["كان", "الفيلم", "قصة", "الموسيقى", "و", "في", "هذا", "الممثل", "جدا", "الكاتب"],
    ),
}


def text_of(language: str, label: int, rng: random.Random) -> str:
    """A text of 8 to 12 words whose words tell its label."""
    copy, others = WORDS[language][label][1], WORDS[language][2]
    words = [rng.choice([*copy, *others]) for _ in range(rng.randint(8, 12))]
    joined = ("" if language == "zh" else " ").join([*words, rng.choice(copy)])
    return joined + {"zh": "。", "hi": "।"}.get(language, ".")


@pytest.mark.parametrize("language", list(WORDS))
def test_a_file_of_another_language_becomes_a_report(
    language: str, tiny: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    rng = random.Random(language)
    rows = [(text_of(language, n % 2, rng), WORDS[language][n % 2][0]) for n in range(160)]
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))

    def answer(number: int, body: dict[str, Any]) -> Any:
        last = prompt_of(body).rsplit("\n", 1)[-1]
        label = int(WORDS[language][1][0] in last)
        return 200, {}, reply(body, content=" " + text_of(language, label, random.Random(number)))

    server.script = answer
    task = {"language": language, "data": {"path": str(tmp_path / "rows.jsonl")}}
    run = run_snakemake(tmp_path, study_of(tiny, server, task))
    assert run.returncode == 0, run.stdout
    results = tmp_path / "results/tiny"
    assert (results / "report.html").stat().st_size > 10_000
    rows = pl.read_parquet(results / "curated/writer/topic/D0/r0.parquet")
    (_, good), (_, bad), others = WORDS[language]
    topics = rows["topic"].unique().to_list()
    assert topics and all(len(topic) >= (2 if language == "zh" else 3) for topic in topics)
    if language != "zh":  # whole words of the file
        assert set(topics) <= {word.casefold() for word in [*good, *bad, *others]}
    prompts = {prompt_of(body) for body in server.requests}
    start = {"de": "Text (", "zh": "文本（", "hi": "पाठ (", "ar": "نص ("}[language]
    assert any(prompt.startswith(start) for prompt in prompts)
    diversity = pl.read_parquet(results / "tables/diversity.parquet")
    assert diversity.filter(measure="distinct_n")["value"].is_between(0, 1).all()
