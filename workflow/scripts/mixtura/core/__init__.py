"""What every room needs: digests, random streams, whole files, tables, words of a text, GPU places.

In: values, paths.
Out: digests, seeds, files that appear whole.
Start reading in settings.py, then tables.py. May import nothing of Mixtura.
"""
