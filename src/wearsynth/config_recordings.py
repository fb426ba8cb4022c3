"""The options of recordings and windows: where they are, how they are cut, who is held out."""

from typing import Literal

from pydantic import Field

from wearsynth.section import MAX_SEED, RateHz, Seconds, Section


class ColumnsConfig(Section):
    """Which columns of a CSV or Parquet table hold what."""

    channels: dict[str, str] = Field(description="column = unit, such as acc_x = 'g'")
    time: str | None = Field(None, description="the time column")
    time_unit: str = Field("s", description="s, ms, us or ns")
    label: str | None = Field(None, description="the label column")
    constant_label: str | None = Field(None, description="one label for every row")
    subject: str | None = Field(None, description="the subject column")
    recording: str | None = Field(None, description="the recording column")
    covariates: dict[str, str] | None = Field(
        None,
        description="name = column of a number that does not change within a recording, such as "
        "age = 'age_years'",
    )


class DataConfig(Section):
    """Where the recordings are."""

    path: str = Field("basic_motions", description="a file or folder of recordings")
    format: str | None = Field(None, description="a reader's name; left out: recognised")
    columns: ColumnsConfig | None = Field(None, description="for a table: [data.columns]")
    rate_hz: RateHz | None = Field(None, description="for files that do not tell their rate")
    place: str | None = Field(
        None, description="where the sensor sat, such as ankle; left out: the usual one"
    )
    signals: list[str] | None = Field(
        None, description="the signals to keep, such as acc; left out: the usual ones"
    )
    labels: str | None = Field(None, description="a CSV of start_s, end_s, label for these files")
    tag_labels: list[str] | None = Field(
        None, description="labels of the stretches between button presses (E4); '' for none"
    )
    classes: dict[str, str] | str | None = Field(
        None, description="class = new name, others are left out; or a grouping: 'st'"
    )


class WindowsConfig(Section):
    """How recordings are cut into windows."""

    length_s: Seconds = Field(2.0, description="length of a window, seconds")
    stride_s: Seconds = Field(1.0, description="from one window's start to the next, seconds")
    rate_hz: RateHz | None = Field(None, description="resample to this rate; left out: never")
    resampling: Literal["filter", "fourier", "means"] = Field(
        "filter",
        description="filter (anti-alias), fourier (of the whole session), or means (of each interval: "
        "no window knows what comes after it)",
    )
    scaling: Literal["none", "person"] = Field(
        "none",
        description="none: physical units; person: to 0..1 by the smallest and largest labelled "
        "reading of each person, what comes later included",
    )
    joined: bool = Field(
        False,
        description="labelled stretches are joined end to end, and a window has its commonest label",
    )


class SplitConfig(Section):
    """Which whole groups are kept for judging."""

    holdout: float = Field(0.3, gt=0, lt=1, description="share of the windows to hold out")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="which groups")
