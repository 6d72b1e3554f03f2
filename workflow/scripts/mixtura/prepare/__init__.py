"""Models and real rows: fetch them, read them, split them.

In: sources in files, hubs and packages.
Out: model folders of safetensors, canonical rows, splits.
Start reading in rows.py. May import core.
"""
