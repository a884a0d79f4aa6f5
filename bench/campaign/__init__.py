"""A fault campaign: real processes, real load, faults by a seeded plan, and an independent oracle.

`python -m bench.campaign --minutes 10` runs it; bench/README.md says what it shows.
"""
