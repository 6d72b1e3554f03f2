"""Check the whole configuration and import the plan: no job runs on a wrong one."""

import sys
from functools import cache

sys.path.insert(0, f"{workflow.current_basedir}/../scripts")

from mixtura.plan import read_plan
from mixtura.code import code_digest
from snakemake_logger_plugin_mixtura import ARMS, PLANNED

code = cache(code_digest)  # jobs by the thousand share a few
PLAN = read_plan(config)
ARMS.update(PLAN.arm_words())
PLANNED.append((workflow, PLAN.study))


# On a cluster these run beside Snakemake: seconds of work, or the network that nodes often lack.
localrules:
    model,
    task,
    shifted,
    split,
    collect_generation,
    replace,
    combine,
    collect_scores,
    evaluate,
    figures,
    report,
    export_set,
    export_best,


wildcard_constraints:
    source="[^/]+",
    shifted="[^/]+",
    generator="[^/]+",
    pipeline="[^/]+",
    level="D[0-6]|R[0-9]+|paraphrases",
    shard="[0-9]+",
    embedder="[^/]+",
    judge="[^/]+",
    arm="[0-9a-f]+",
    model="[^/]+",
    seed="[0-9]+",
