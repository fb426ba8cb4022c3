"""The MLC twin: what ST's Machine Learning Core computes and answers, bit for bit."""

from wearsynth.mlc.configuration import Configuration, read_configuration, write_configuration
from wearsynth.mlc.running import run_files
from wearsynth.mlc.training import train_files
from wearsynth.mlc.tree import read_tree, write_tree
from wearsynth.mlc.twin import answers_of, features_of

__all__ = [
    "Configuration",
    "answers_of",
    "features_of",
    "read_configuration",
    "read_tree",
    "run_files",
    "train_files",
    "write_configuration",
    "write_tree",
]
