"""The plan of a study: what the rules look up, from the configuration alone.

Rules look things up here, so the whole graph is known before anything runs. Settings are sorted
JSON: what a stage's output depends on, and nothing else.
"""

from typing import Any

from mixtura.core import code
from mixtura.plan.alternatives import AlternativesPlan
from mixtura.plan.confirm import ConfirmPlan
from mixtura.plan.curate import CuratePlan
from mixtura.plan.derive import DerivePlan
from mixtura.plan.embed import EmbedPlan
from mixtura.plan.engines import Engines
from mixtura.plan.export import ExportPlan
from mixtura.plan.findings import FindingsPlan
from mixtura.plan.finetune import FinetunePlan
from mixtura.plan.generate import GeneratePlan
from mixtura.plan.loop import LoopPlan
from mixtura.plan.prepare import PreparePlan
from mixtura.plan.probe import ProbePlan
from mixtura.plan.report import ReportPlan
from mixtura.plan.resources import JobResources
from mixtura.plan.score import ScorePlan
from mixtura.plan.sets import Sets
from mixtura.study.load import load_study
from mixtura.study.study import Study


def read_plan(config: dict[str, Any]) -> "Plan":
    """The plan of a configuration. Raises ConfigError for one that cannot be used."""
    return Plan(load_study(config))


class Plan:
    """Everything that the rules of a study ask for: a part a rule file, by its name, and some that
    files share."""

    def __init__(self, study: Study) -> None:
        self.sets = Sets(study)
        self.resources = JobResources(self.sets)
        self.prepare = PreparePlan(self.sets)
        self.embed = EmbedPlan(self.sets)
        self.curate = CuratePlan(self.sets)
        self.loop = LoopPlan(self.sets)
        self.derive = DerivePlan(self.sets)
        self.engines = Engines(self.sets)
        self.generate = GeneratePlan(self.sets, self.curate, self.derive, self.loop)
        self.alternatives = AlternativesPlan(self.sets)
        self.score = ScorePlan(self.sets, self.engines)
        self.finetune = FinetunePlan(self.sets)
        self.confirm = ConfirmPlan(self.sets)
        self.probe = ProbePlan(self.sets, self.confirm)
        self.findings = FindingsPlan(self.sets)
        self.report = ReportPlan(self.sets)
        self.export = ExportPlan(self.sets)

    def code(self, script: str, *by_name: str) -> str:
        """Digest of the code of a job (`code_digest`), with packages where their versions count."""
        versions = []
        if self.sets.study.packages == "rerun":
            versions = [f"{name} {v}" for name, v in code.package_versions(script, *by_name)]
        return " ".join([code.code_digest(script, *by_name), *versions])
