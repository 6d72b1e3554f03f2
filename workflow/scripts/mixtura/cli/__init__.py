"""The command line: each command reads files, calls a function of a room, and writes or prints.

In: files and options. Out: tables, text, an exit code. Start reading in app.py, which lists the
commands; each lies in a file of its name, and errors.py turns what a person can mend into a line.
May import every room but `job`; a command imports its room when it is called, for speed.
"""
