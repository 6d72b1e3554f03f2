"""Findings for people: words, figures, report, export.

In: tables of a finished study.
Out: Markdown, figures, HTML, data set cards.
Start reading in findings.py. May import core to infer.
"""
