"""wearsynth: synthetic wearable-sensor data, labelled, in the sensor's counts, and judged.

    from wearsynth import read, cut_windows, split, fit, evaluate

Names are imported when first used, so that commands without a network need not load PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wearsynth.config import FitConfig as FitConfig
    from wearsynth.data import Recording as Recording
    from wearsynth.data import Windows as Windows
    from wearsynth.data import windows_from_arrays as windows_from_arrays
    from wearsynth.errors import WearsynthError as WearsynthError
    from wearsynth.evaluation import evaluate as evaluate
    from wearsynth.formats import read as read
    from wearsynth.model import load_model as load_model
    from wearsynth.model import save_model as save_model
    from wearsynth.rendering import RenderOptions as RenderOptions
    from wearsynth.rendering import render as render
    from wearsynth.reporting import write_report as write_report
    from wearsynth.sensors import load_profile as load_profile
    from wearsynth.splitting import split as split
    from wearsynth.tables import load_windows as load_windows
    from wearsynth.tables import save_windows as save_windows
    from wearsynth.training import fit as fit
    from wearsynth.windowing import cut_windows as cut_windows

__version__ = "0.1.0"

_HOME = {
    "FitConfig": "config",
    "Recording": "data",
    "RenderOptions": "rendering",
    "WearsynthError": "errors",
    "Windows": "data",
    "cut_windows": "windowing",
    "evaluate": "evaluation",
    "fit": "training",
    "load_model": "model",
    "load_profile": "sensors",
    "load_windows": "tables",
    "read": "formats",
    "render": "rendering",
    "save_model": "model",
    "save_windows": "tables",
    "split": "splitting",
    "windows_from_arrays": "data",
    "write_report": "reporting",
}

__all__ = sorted(_HOME)  # noqa: PLE0605  (the table above is the one list)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'wearsynth' has no attribute {name!r}")
    return getattr(import_module(f"wearsynth.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
