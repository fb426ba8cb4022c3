"""The stages before training, file by file: recordings to windows, windows to train and holdout."""

from dataclasses import replace
from pathlib import Path

from wearsynth.config_recordings import DataConfig, SplitConfig, WindowsConfig
from wearsynth.data import Split, Windows
from wearsynth.errors import ConfigError
from wearsynth.files import check_free, check_not_input, check_writable
from wearsynth.formats import e4_writer
from wearsynth.formats.sources import read_source
from wearsynth.sessions_cut import cut_sessions
from wearsynth.splitting import split
from wearsynth.tables import is_windows_file, load_windows, save_split, save_windows


def cut_file(data: DataConfig, cut: WindowsConfig, out: Path) -> Windows:
    """Cut the recordings of a [data] section into a windows file, and give the windows."""
    check_writable(out)
    check_not_input(out, Path(data.path))
    windows = cut_sessions(read_source(data), cut)
    save_windows(windows, out)
    return windows


def split_file(windows: Path, options: SplitConfig, out: Path, *, overwrite: bool = False) -> Split:
    """Split a windows file into train.parquet and holdout.parquet in a folder; give the parts."""
    check_free(out, overwrite=overwrite)
    parts = split(load_windows(windows), holdout=options.holdout, seed=options.seed)
    save_split(parts, out, overwrite=overwrite)
    return parts


def export_file(
    data: DataConfig, out: Path, *, zipped: bool = False, overwrite: bool = False
) -> e4_writer.Export:
    """Write recordings, or windows of a file, as Empatica E4 sessions; say what was written."""
    check_free(out, overwrite=overwrite)
    check_not_input(out, Path(data.path))
    if is_windows_file(Path(data.path)) and data.columns is None:
        return e4_writer.write(_windows(data), out, zipped=zipped, overwrite=overwrite)
    return e4_writer.write(read_source(data), out, zipped=zipped, overwrite=overwrite)


def _windows(data: DataConfig) -> Windows:
    """Give the windows of a file, with the signals that are named."""
    others = sorted(data.model_fields_set - {"path", "signals"})
    if others:
        raise ConfigError(
            f"{others[0]} is for recordings, and {data.path} holds windows. Leave it out."
        )
    windows = load_windows(data.path)
    if data.signals is None:
        return windows
    return replace(windows, signals={name: windows.signal(name) for name in data.signals})
