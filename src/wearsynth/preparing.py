"""The stages before training, file by file: recordings to windows, windows to train and holdout."""

from pathlib import Path

from wearsynth.config import DataConfig, SplitConfig, WindowsConfig
from wearsynth.data import Split, Windows
from wearsynth.files import check_free, check_not_input, check_writable
from wearsynth.formats.sources import read_source
from wearsynth.tables import load_windows, save_split, save_windows
from wearsynth.windowing import cut_windows, split


def cut_file(data: DataConfig, cut: WindowsConfig, out: Path) -> Windows:
    """Cut the recordings of a [data] section into a windows file, and give the windows."""
    check_writable(out)
    check_not_input(out, Path(data.path))
    windows = cut_windows(
        read_source(data), length_s=cut.length_s, stride_s=cut.stride_s, rate_hz=cut.rate_hz
    )
    save_windows(windows, out)
    return windows


def split_file(windows: Path, options: SplitConfig, out: Path, *, overwrite: bool = False) -> Split:
    """Split a windows file into train.parquet and holdout.parquet in a folder; give the parts."""
    check_free(out, overwrite=overwrite)
    parts = split(load_windows(windows), holdout=options.holdout, seed=options.seed)
    save_split(parts, out, overwrite=overwrite)
    return parts
