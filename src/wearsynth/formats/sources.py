"""Recordings as a [data] section of the configuration names them."""

from pathlib import Path

from wearsynth.config_recordings import ColumnsConfig, DataConfig
from wearsynth.data import Recording
from wearsynth.formats import read
from wearsynth.formats.classes import regroup
from wearsynth.formats.labels import read_labels, with_labels
from wearsynth.formats.table_columns import TableColumns


def read_source(config: DataConfig) -> list[Recording]:
    """Give the recordings that a [data] section names, with its labels and classes.

    The errors are those of formats.read, labels.with_labels and classes.regroup.
    """
    table = config.columns is not None
    recordings = read(
        config.path,
        format=config.format,
        columns=None if config.columns is None else _columns(config.columns, config.rate_hz),
        source_rate_hz=None if table else config.rate_hz,
        place=config.place,
        signals=config.signals,
        tag_labels=config.tag_labels,
    )
    if config.labels is not None:
        recordings = with_labels(recordings, read_labels(Path(config.labels)))
    return recordings if config.classes is None else regroup(recordings, config.classes)


def _columns(config: ColumnsConfig, rate_hz: float | None) -> TableColumns:
    return TableColumns(
        channels=tuple(config.channels.items()),
        time=config.time,
        time_unit=config.time_unit,
        label=config.label,
        constant_label=config.constant_label,
        subject=config.subject,
        recording=config.recording,
        rate_hz=rate_hz,
        covariates=tuple((config.covariates or {}).items()),
    )
