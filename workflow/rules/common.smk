"""Check the whole configuration and import the plan: no job runs on a wrong one."""

import sys

sys.path.insert(0, f"{workflow.current_basedir}/../scripts")

from mixtura.plan import read_plan
from mixtura.digest import code_digest as code

PLAN = read_plan(config)


wildcard_constraints:
    source="[^/]+",
    generator="[^/]+",
    pipeline="[^/]+",
    level="D[0-6]",
    shard="[0-9]+",
    embedder="[^/]+",
    judge="[^/]+",
    arm="[0-9a-f]+",
    model="[^/]+",
    seed="[0-9]+",
