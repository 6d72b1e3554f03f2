"""The configuration: what a person may write, one file a section with the checks of its own.

In: the dictionary of a YAML file. Out: a frozen `Study`, or a ConfigError with key, value and what
is allowed. Start reading in study.py, the sections side by side; checks.py holds the rules across
them, load.py the door, errors.py the words for what pydantic refuses, reference.py the documents.
May import core and the settings of every stage room; imports no library of learning.
"""
