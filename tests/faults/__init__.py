"""Faults that prove checks, and `variations`: odd but legal behaviour that no check may report.

A sandbox finds them by the entry point in `tests/pgagents_faults.dist-info` where `tests` is on Python's
path: `PYTHONPATH=tests pgagents sandbox --fault NAME`. Each fault is a decorated function that names the
checks it breaks. The package has those that its users meet, in `sandbox/faults`.
"""
