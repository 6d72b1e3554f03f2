"""The gain as a surface over diversity, generated rows and real rows, and what stands on it.

fit.py is where to start: covariance.py says how gains err together, basis.py what is smooth,
posterior.py what they say of it, best.py what may be best, table.py writes it all down.
"""
