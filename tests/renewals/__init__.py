"""Eight processes on one connection whose tokens end and rotate, some of them killed at the worst moment.

`python -m tests.renewals --rounds 200` is the whole of it; `test_renewals.py` is a reduced run.
"""
