"""Recordings as a [data] section of the configuration names them."""

from wearsynth.config import DataConfig
from wearsynth.data import Recording
from wearsynth.formats import read
from wearsynth.formats.table import TableColumns


def read_source(config: DataConfig) -> list[Recording]:
    """Give the recordings that a [data] section names; the errors are those of formats.read."""
    if config.columns is None:
        return read(config.path, format=config.format, source_rate_hz=config.rate_hz)
    columns = TableColumns(
        channels=tuple(config.columns.channels.items()),
        time=config.columns.time,
        time_unit=config.columns.time_unit,
        label=config.columns.label,
        constant_label=config.columns.constant_label,
        subject=config.columns.subject,
        recording=config.columns.recording,
        rate_hz=config.rate_hz,
    )
    return read(config.path, format=config.format, columns=columns)
