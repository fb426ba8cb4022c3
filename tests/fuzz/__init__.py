"""Broken files for every reader: mutations, what a reader must make of them, and a runner.

Run it with `make fuzz`, or `PYTHONPATH=tests python -m fuzz --help`. Every case is made again from
its seed, its target and its number.
"""
