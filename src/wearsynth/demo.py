"""The demonstration: real smartwatch recordings down the whole road, with nothing to download."""

from pathlib import Path

from wearsynth.config import Config, EvaluateConfig, FitConfig, SampleConfig
from wearsynth.config_recordings import DataConfig, WindowsConfig
from wearsynth.config_rendering import RenderConfig
from wearsynth.formats.basic_motions import NAME


def demo_config(*, quick: bool) -> Config:
    """Give the options of the demonstration: BasicMotions, windows of 4 s, LSM6DSL files.

    quick trains for fewer rounds and leaves out the slow judge.
    """
    return Config(
        data=DataConfig(path=NAME),
        windows=WindowsConfig(length_s=4.0, stride_s=1.0),
        fit=FitConfig(rounds=200 if quick else 2500, check_every=100 if quick else None, width=32),
        sample=SampleConfig(counts=100),
        evaluate=EvaluateConfig(quick=quick),
        render=RenderConfig(full_scale="4g", rate_hz=26.0, devices=3),
    )


def demo_folder(*, quick: bool) -> Path:
    """Give the folder the demonstration writes to if no other is named."""
    return Path("wearsynth-demo-quick" if quick else "wearsynth-demo")
