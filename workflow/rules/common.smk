"""Check the whole configuration and import the plan: no job runs on a wrong one."""

import sys
from functools import cache

sys.path.insert(0, f"{workflow.current_basedir}/../scripts")

from mixtura.plan.plan import read_plan
from mixtura.study.load import retype
from snakemake_logger_plugin_mixtura import ARMS, PLANNED
from snakemake_logger_plugin_mixtura.slurm import guard_slurm

retype(config, workflow.config_settings.config)
PLAN = read_plan(config)
code = cache(PLAN.code)  # jobs by the thousand share a few
ARMS.update(PLAN.sets.arm_words())
PLANNED.append((workflow, PLAN.sets.study))
guard_slurm()


# Paths stand in the rules as they are: <results> and <task> are filled in.
pathvars:
    results=PLAN.sets.paths.root,
    task=PLAN.sets.study.task.name,


# On a cluster these run beside Snakemake: seconds of work, or the network that nodes often lack.
localrules:
    model,
    task,
    shifted,
    split,
    split_fold,
    examples,
    collect_generation,
    replace,
    combine,
    collect_scores,
    evaluate,
    confirm,
    label,
    augment,
    collect_alternatives,
    figures,
    report,
    export_set,
    export_best,


wildcard_constraints:
    source="[^/]+",
    shifted="[^/]+",
    generator="[^/]+",
    pipeline="[^/]+",
    level="D[0-6]|R[0-9]+|paraphrases|alternative",
    shard="[0-9]+",
    embedder="[^/]+",
    judge="[^/]+",
    arm="[0-9a-f]+",
    model="[^/]+",
    draw="r[0-9]+(-[0-9]+)?",
    replicate="[0-9]+",
    part="[0-9]+",
    seed="[0-9]+",
