"""What a job asks for: cores, memory, time, GPUs."""

from collections.abc import Callable
from typing import Any

from mixtura.plan.sets import Sets
from mixtura.study.downstream import InJobs
from mixtura.study.run import Resources

DECIDE_RESOURCES = ("model", "generator", "judge")  # the wildcards that resources depend on
DEFAULT_RESOURCES = {
    "generate": Resources(threads=2, mem_mb=4000, runtime=120),
    "finetune": Resources(threads=1, mem_mb=3000, runtime=60),
    "tune": Resources(threads=1, mem_mb=4000, runtime=120),
}
STAGE_OF_RULE = {  # rule -> the key of `resources` that its jobs ask by
    **dict.fromkeys(("topics", "generate", "top_up", "judge", "classify", "translate"), "generate"),
    **dict.fromkeys(("check_judge", "judge_answers"), "generate"),
    **dict.fromkeys(("curate", "replace", "select_rows", "combine", "label", "augment"), "curate"),
    **dict.fromkeys(
        ("embed", "embed_pool", "embed_real", "embed_fold", "embed_examples", "embed_shifted"),
        "embed",
    ),
    **dict.fromkeys(("diversity", "shift", "collect_scores", "similarity"), "score"),
    **dict.fromkeys(
        ("finetune", "finetune_causal", "finetune_module", "finetune_setfit", "evaluate_lm"),
        "finetune",
    ),
    "probe": "probe",
    **dict.fromkeys(("tune", "perplexity"), "tune"),
    **dict.fromkeys(("evaluate", "findings", "confirm", "collect_generation"), "findings"),
    "collect_alternatives": "findings",
    **dict.fromkeys(("model", "task", "shifted", "split", "split_fold", "examples"), "prepare"),
    **dict.fromkeys(("figures", "report", "export_set", "export_best"), "report"),
}
Answer = int | Callable[[Any], int]  # plain where all jobs of a stage ask for the same


class JobResources:
    """What a job asks for: cores, memory, time, GPUs.

    A stage is a key of the section `resources`; a generator or a downstream model may ask for more.
    """

    def __init__(self, sets: Sets) -> None:
        self.study = sets.study
        self._settings: dict[tuple[str, str | None], Resources] = {}

    def threads(self, stage: str) -> Answer:
        """Cores of a stage's job."""
        return self._answer(stage, "threads")

    def of(self, stage: str, *more: str) -> dict[str, Any]:
        """Resources of a stage's job: mem_mb (MB) and runtime (minutes), which grow with the
        attempt, and `more`: "gpu" (GPUs), "gpu_share" (jobs that share each), "checkpoint_minutes"
        (most minutes between two checkpoints).
        """
        grow = {key: self._growing(stage, key) for key in ("mem_mb", "runtime")}
        return {**grow, **{key: self._answer(stage, key) for key in more}}

    def runs(self, wildcards: Any) -> int:
        """Runs of a job, one after the other: 1 where the job is no training."""
        part = getattr(wildcards, "part", None)
        if part is None:
            return 1
        model = self.study.downstream[wildcards.model]
        assert isinstance(model, InJobs)
        return len(model.parts(self.study.seeds)[int(part)])

    def settings(self, stage: str, wildcards: Any = None) -> Resources:
        """What the first attempt asks for: of the model, else of the stage, else the default."""
        name = self._owner(stage, wildcards)
        if (stage, name) not in self._settings:
            settings = DEFAULT_RESOURCES.get(stage, Resources())
            owner: Any = None
            if name is not None:
                study = self.study
                owner = (study.generators if stage == "generate" else study.downstream)[name]
            for section in (self.study.resources.get(stage), owner and owner.resources):
                if section:
                    settings = settings.model_copy(update=section.model_dump(exclude_unset=True))
            self._settings[stage, name] = settings
        return self._settings[stage, name]

    def _owner(self, stage: str, wildcards: Any) -> str | None:
        """The generator, judge or downstream model that a job runs, None where it runs none."""
        if stage == "generate":
            return str(getattr(wildcards, "judge", None) or wildcards.generator)
        return str(wildcards.model) if stage in ("finetune", "probe") else None

    def _answer(self, stage: str, key: str) -> Answer:
        if stage in ("generate", "finetune", "probe"):
            return lambda wildcards: int(getattr(self.settings(stage, wildcards), key))
        return int(getattr(self.settings(stage), key))

    def _growing(self, stage: str, key: str) -> Callable[[Any, int], int]:
        def grown(wildcards: Any, attempt: int) -> int:
            times = self.runs(wildcards) if key == "runtime" else 1
            return attempt * times * int(getattr(self.settings(stage, wildcards), key))

        return grown
