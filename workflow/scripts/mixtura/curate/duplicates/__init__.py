"""Duplicates in three steps, each on what the one before left: exact, fuzzy, semantic.

In: rows with id and text, real rows to compare with, embeddings for the third step.
Out: the rows that remain, and a receipt for each removed row.
Start reading in deduplicate.py; greedy.py holds what the steps share. May import core alone.
"""
