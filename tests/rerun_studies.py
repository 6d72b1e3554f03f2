"""Studies that switch everything on together, and the files that they name."""

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
FOLDER = Path(tempfile.mkdtemp())  # the same for all: inputs are compared by their paths


def labelled_line(number: int) -> str:
    """A row with two columns of text and two of labels, so that one can take the other's place."""
    label = ("negative", "positive")[number % 2]
    text = f"row number {number} of the file"
    return json.dumps({"text": text, "magma": f"{text}, again", "label": label, "other": label})


def labelled_cells(number: int, table: str = "table") -> str:
    """As `labelled_line`, two cells of CSV."""
    return f"row number {number} of the {table},{('negative', 'positive')[number % 2]}"


def facts_and_riddles() -> str:
    """The embedded questions, and as many that have no answer."""
    document = json.loads((ROOT / "config/data/facts-qa.json").read_text())
    for paragraph in (part for article in document["data"] for part in article["paragraphs"]):
        paragraph["qas"] += [
            {"question": f"Not that, but {qa['question']}", "answers": [], "is_impossible": True}
            for qa in paragraph["qas"]
        ]
    return json.dumps(document)


def files_of(folder: Path) -> dict[str, str]:
    """Files that the studies below name: two of each, so that one can take the other's place."""
    texts = {
        "rows.jsonl": "\n".join(map(labelled_line, range(3000))),
        "rare.jsonl": "\n".join(labelled_line(n) for n in range(6000) if n % 6 in (0, 1, 2, 4)),
        "table.csv": "\n".join(["text,label", *map(labelled_cells, range(3000))]),
        **{
            f"{name}.csv": "\n".join(["text,label", *(labelled_cells(n, name) for n in range(700))])
            for name in ("tests", "devs", "mails")
        },
        "facts.json": facts_and_riddles(),
        "lines.txt": "\n".join(f"line {number}" for number in range(99)),
        "dial.py": "def specify(level, given, indices):\n    return []\n",
        "measure.py": "def measure(texts, embeddings):\n    return 0.0\n",
        "fit.py": "def fit_predict(texts, labels, unseen, classes, seed):\n    return []\n",
        "prompt.j2": "{{ noun }}: ",
        "model/config.json": "{}",
        "adapter/adapter_config.json": "{}",
        "tasks/mood.yaml": "task: mood\n",
    }
    for name, text in texts.items():
        for copied in ("", "other-"):
            file = folder / f"{copied}{name}"
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{text}\n")
    tops = [name.partition("/")[0] for name in texts]
    return {top.partition(".")[0]: str(folder / top) for top in tops}


def studies() -> dict[str, dict[str, Any]]:
    """Title -> a study. Together they switch everything on."""
    files = files_of(FOLDER)
    demo, qa = (
        yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("config", "qa")
    )
    qa["task"]["data"]["path"] = files["facts"]
    few = {
        **demo,
        "generate": {**demo["generate"], "levels": ["D3"], "n": 64},
        "designs": {"real": [64], "mix-add": {"ratios": [1]}},
        "downstream": {"minilm": {"model": "minilm"}},
        "replicates": 1,
    }
    topic, plain = few["pipelines"]["topic"], {"of": "topic", "curation": "exact"}
    generators = {
        "study": "generators",
        # A test set of the default size: keys of one of its own stand beside no other.
        "task": {key: value for key, value in few["task"].items() if key != "test"},
        "models": {**few["models"], "own": {"path": files["model"]}, "far": {"hub": "far/away"}},
        "generators": {
            **few["generators"],
            "engine": {
                **{"model": "own", "backend": "vllm", "format": "chat", "prompt": files["prompt"]},
                "vllm": {"python": "python3", "adapter": files["adapter"]},
            },
            "server": {
                "backend": "openai",
                "openai": {"base_url": "http://localhost:8000/v1", "model": "large"},
            },
        },
        "pipelines": {
            **{"topic": topic, "plain": plain},
            "several": {
                **{"dial": "sources", "of": "topic", "level": "D3"},
                "levels": {"D3": {"generators": ["engine", "server"]}},
            },
        },
        "generate": {
            **few["generate"],
            "generators": ["smollm2", "engine", "server"],
            "pipelines": ["topic", "plain", "several"],
        },
        "designs": {**few["designs"], "sources": {}},
        "curation": {
            "full": {"filters": {"label_consistency": {"judge": "server"}}, "semantic": {}}
        },
        "diversity": {"judge": "engine"},
        "embedders": ["minilm", "far"],
        "embeddings": {"kinds": {"far": "sentence"}},
    }
    dials: dict[str, dict[str, Any]] = {
        "written": {"dial": "topic", "topics": "written", "prompt": files["prompt"]},
        "listed": {"dial": "topic", "topics": "file", "file": files["lines"]},
        "temperature": {"dial": "temperature"},
        "persona": {"dial": "persona", "file": files["lines"]},
        "people": {"dial": "persona", "personas": ["a chef", "a poet", "a nurse", "a pilot"]},
        "incentive": {"dial": "incentive"},
        "mine": {"dial": "module", "file": files["dial"]},
        "paraphrase": {"dial": "paraphrase", "of": "topic", "level": "D3", "prompt": "paraphrase"},
        "selection": {"dial": "selection", "pool": {"topic": ["D3"], "listed": ["D3"]}},
    }
    settings = {
        **{"topic": {"topics": 3}, "temperature": {"temperature": 0.7}, "persona": {"personas": 2}},
        **{"incentive": {"hints": 1}, "module": {"moods": 2}, "paraphrase": {"sources": 2}},
        "selection": {"target": 5.0},
    }
    for graph_jobs in dials.values():
        graph_jobs["levels"] = {"D3": settings[graph_jobs["dial"]]}
    pipelines = {
        "study": "pipelines",
        "pipelines": {"topic": topic, **dials, "plain": plain},
        "generate": {**few["generate"], "pipelines": ["topic", *dials, "plain"]},
    }
    paired = {"path": files["rows"], "prompt": "text", "response": "magma"}
    lora = {"model": "smollm2", "kind": "causal-lm", "lora": {}, "keep_checkpoint": True}
    lm_eval = {"python": "python3", "tasks": ["mood"], "include": files["tasks"]}
    training = {
        "study": "training",
        "replicates": {"count": 2, "share": []},
        "task": {
            **{**few["task"], "data": {"hub": "far/rows"}, "development": 64},
            "shifted": {"other": {"path": files["rows"]}},
        },
        "models": {**few["models"], "far": {"hub": "far/away"}},
        "embedders": ["minilm", "far"],
        "generators": {**few["generators"], "twin": few["generators"]["smollm2"]},
        "pipelines": {"topic": topic, "again": topic},
        "generate": {
            **few["generate"],
            **{"pipelines": ["topic", "again"], "levels": ["D0", "D3"]},
        },
        "designs": {
            **{"real": [64], "mix-fixed": {"total": 64, "shares": [0.5]}, "controls": []},
            "grid": {"generated": [32, 64]},
            "loop": {
                **{"pipeline": "topic", "level": "D3", "rounds": 1},
                **{"schemes": ["accumulate", "verified"], "judge": "smollm2"},
            },
        },
        "diversity": {"own": {"mine": files["measure"]}},
        "shift": {"own": {"mine": files["measure"]}},
        "downstream": {
            "encoder": {"model": "minilm", "search": {"learning_rate": [1e-4, 1e-3]}},
            "lora": {**lora, "lm_eval": lm_eval},
            "whole": {"model": "smollm2", "kind": "causal-lm"},
            "setfit": {"kind": "setfit", "model": "minilm"},
            "probe": {"kind": "probe", "embedder": "minilm", "search": {"c": [1.0, 10.0]}},
            "own": {"kind": "module", "file": files["fit"], "options": {"n": 1}},
        },
    }
    judge = {"backend": "openai", "openai": {"base_url": "http://localhost:8000/v1", "model": "m"}}
    instructions = {
        "study": "instructions",
        "task": {**qa["task"], "kind": "instruction", "data": paired, "test": {"folds": 2}},
        "replicates": 4,
        "pipelines": {"topic": topic},
        "generate": {**qa["generate"], "pipelines": ["topic"], "levels": ["D3"]},
    }
    answers = instructions | {
        "study": "answers",
        "generators": {**qa["generators"], "large": judge, "larger": judge},
        "evaluation": {"judge": "large"},
    }
    judged = {**qa, "curation": {"exact": {"filters": {"quality": {"judge": "smollm2"}}}}}
    table = {"path": files["table"]}
    labels = {"negative": "negative", "positive": "positive"}
    chat = {
        "study": "chat",
        "task": {
            **{**few["task"], "data": table, "labels": labels, "shifted": {"other": table}},
            **{"test": {"data": {"path": files["tests"]}, "rows": 500}},
            **{"development": {"data": {"path": files["devs"]}, "rows": 64}},
            "unlabelled": {"path": files["mails"]},
        },
        "generators": {
            name: {**few["generators"]["smollm2"], "format": "chat"} for name in ("smollm2", "twin")
        },
        "pipelines": {"several": {"dial": "several", "levels": {"D3": {"texts": 3}}}},
        "generate": {**few["generate"], "pipelines": ["several"]},
        "designs": {
            **few["designs"],
            "alternatives": {
                "few-shot": {"generator": "smollm2"},
                "eda": {},
                "back-translation": {"generator": "smollm2"},
                "labelled": {"generator": "smollm2"},
            },
        },
    }
    filled = {
        "study": "filled",
        "task": {
            **few["task"],
            "data": {"path": files["rare"]},
            "labels": labels,
            "balance": {"real": "natural", "generated": "natural"},
        },
        "generators": few["generators"]
        | {name: {"model": "smollm2", "backend": "seq2seq"} for name in ("there", "back")},
        "designs": {
            **{"real": [64], "fill": {"shares": [0.5]}, "controls": []},
            "alternatives": {"back-translation": {"generator": "there", "back": "back"}},
        },
        "downstream": {"probe": {"kind": "probe", "embedder": "minilm"}},
    }
    return {
        "The embedded study (`config/config.yaml`)": demo,
        "Several generators: an engine, a server, sets of several, judges": few | generators,
        "Other pipelines": few | pipelines,
        "Self-training, other designs, models, measures and test sets": few | training,
        "Questions about passages (`config/qa.yaml`), with a judge": judged,
        "Instructions, in folds": qa | instructions,
        "Instructions, with a judge of answers": qa | answers,
        "Several texts in one answer of a chat, official splits in CSV files, alternatives": few
        | chat,
        "Rare labels that are filled": few | filled,
    }
