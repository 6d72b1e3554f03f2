"""Text from language models: dials choose prompts, backends answer, a shard keeps rows.

In: real examples, a level, a model.
Out: generated rows, and rejected ones with a reason.
Start reading in shard.py. May import core, prepare.
"""
