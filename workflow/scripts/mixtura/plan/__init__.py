"""From a `Study` to what the rules look up: arms, settings, inputs, resources, cost.

In: a `Study`.
Out: sorted JSON and paths for each job.
Start reading in plan.py. May import core to study.
"""
