"""The plan as a whole."""

from typing import Any

from mixtura.plan.plan import read_plan


def test_versions_of_packages_are_settings_where_a_study_says_so(tiny: dict[str, Any]) -> None:
    job = ("finetune.py", "mixtura.train.encoder")
    plain, strict = read_plan(tiny), read_plan({**tiny, "packages": "rerun"})
    digest, *versions = strict.code(*job).split(" ", 1)
    assert plain.code(*job) == digest and "torch " in versions[0] and "transformers " in versions[0]
    assert strict.code("split.py") == plain.code("split.py")
