"""The options of what a sensor would have recorded, of windows as they are or drawn for it."""

from typing import Literal

from pydantic import Field

from wearsynth.section import (
    MAX_SEED,
    Count,
    Device,
    MountingOption,
    Precision,
    RateHz,
    Seconds,
    Section,
)


class RenderConfig(Section):
    """What the sensor would have recorded, and in which files."""

    sensor: str = Field("lsm6dsl", description="a sensor profile")
    signal: str | None = Field(None, description="the signal to render; left out: acceleration")
    full_scale: str | None = Field(None, description="such as 4g; left out: the part's usual one")
    rate_hz: RateHz | None = Field(
        None, description="output data rate; left out: the part's nearest"
    )
    power_mode: str | None = Field(None, description="sets the noise; left out: the part's usual")
    low_pass: str | None = Field(
        None, description="the part's filter, such as ODR/4 or '50 Hz'; left out: its usual one"
    )
    convention: Literal["nominal", "physical"] = Field(
        "nominal", description="nominal: printed mg/LSB, for files; physical: full scale / 32768"
    )
    mounting: MountingOption = Field(
        "kept",
        description="of the sensor: kept, drawn (by person or window), or degrees about x, y and z",
    )
    devices: int = Field(
        5, ge=0, le=100_000, description="units with errors of their own; 0: the ideal part"
    )
    device_seed: int | None = Field(
        None, ge=0, le=MAX_SEED, description="which units; left out: by seed"
    )
    cross_axis_pct: float | None = Field(
        None, ge=0, le=100, description="spread between units, %; left out: the part's figure"
    )
    noise: bool = Field(True, description="add the part's noise")
    format: str = Field(
        "memsstudio",
        description="memsstudio, nanoedge, edgeimpulse, edgeimpulse_csv, hsdatalog, hsdatalog_v1, "
        "c_header, raw, csv, parquet, huggingface or wisdm; people (generate) also e4 or e4_zip",
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="units, noise and drawn mountings")


class GenerateConfig(RenderConfig):
    """`generate` draws from a model and renders in one go; this is what configuration.json holds."""

    model: str = Field("wrist-pamap2", description="a model folder, or a bundled model's name")
    counts: dict[str, Count] | Count = Field(100, description="windows of each class, or by class")
    logs: str | None = Field(
        None,
        description="recordings of your own, a file or folder: the model goes on with their windows "
        "first, as finetune does",
    )
    stream_s: dict[str, Seconds] | Seconds | None = Field(
        None,
        description="in place of windows: one continuous signal of so many seconds of each class, or "
        "by class",
    )
    people: int | None = Field(
        None,
        ge=1,
        le=10**6,
        description="in place of windows: so many people, each a continuous recording at native rates "
        "(formats e4, e4_zip and parquet); left out where minutes or plan are given: 1",
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=1e5,
        description="of each person, the plan over and over; left out: the plan once",
    )
    plan: str | None = Field(
        None,
        description="what people do, such as rest=300,stress=300 (seconds); left out: all classes in "
        "turn, 300 s each",
    )
    precision: Precision = "float32"
    device: Device = "cpu"
    classifier: str | None = Field(
        None,
        description="a classifier's folder: only windows are kept that it takes for their class",
    )
