"""Kills a run at every named point, changes the vendor meanwhile, and proves that nothing was lost or came twice.

`python -m tests.crash --kills 200 --seed 7` is the whole of it; `test_kills.py` is a reduced run.
"""
