"""Mixes of real and generated rows, downstream models trained on them, their predictions.

In: canonical rows, curated sets or their embeddings, the folder of a model, settings.
Out: the rows of each mix, predictions of the test rows, training steps, tuned models.
Start reading in runs.py, the flow of every run, then kinds.py. May import core to curate.
"""
