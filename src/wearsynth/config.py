"""The options of every stage: one schema, written as TOML or JSON with the same keys.

An unknown key is an error that names the nearest known one. Values have units in their names.
"""

import json
import math
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from wearsynth.errors import ConfigError, did_you_mean
from wearsynth.files import read_bytes

MAX_SEED = 2**63 - 1
Count = Annotated[int, Field(ge=0, le=10**9)]
Seconds = Annotated[float, Field(gt=0, le=1e6)]
RateHz = Annotated[float, Field(ge=1e-3, le=1e6)]


class Section(BaseModel):
    """The parent of all sections: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


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


@dataclass(frozen=True)
class Usual:
    """The options of training that differ from one kind of generator to another.

    passes: where rounds are left out, no more than so many passes over the windows; 0: no limit.
    """

    rounds: int
    passes: int
    batch_size: int
    learning_rate: float
    width: int
    check_every: int
    average_decay: float


LEAST_ROUNDS = 1500
"""However few the windows: networks need so many, and the guard against copies ends sooner."""

CHECKS = 12
"""Held-out checks in a fit, where their number follows from the rounds."""

USUAL: dict[str, Usual] = {
    "flow": Usual(8000, 120, 64, 2e-3, 64, 0, 0.999),
    "mixture": Usual(0, 0, 0, 0.0, 0, 0, 0.0),
    "few-numbers": Usual(0, 0, 0, 0.0, 0, 0, 0.0),
    "wgan-gp": Usual(2000, 0, 64, 1e-3, 48, 200, 0.995),
    "lstm-gan": Usual(2000, 0, 64, 1e-3, 64, 200, 0.995),
}
"""What each kind uses where an option is left out; those of 0 rounds are fitted in one go."""


class FitConfig(Section):
    """How a generator is trained."""

    generator: Literal["flow", "mixture", "wgan-gp", "lstm-gan", "few-numbers"] = Field(
        "flow",
        description="flow, mixture (in a second), wgan-gp, lstm-gan, or few-numbers (private, for few "
        "people, from public windows)",
    )
    rounds: int | None = Field(
        None, ge=1, description="training rounds at most; left out: as usual for the generator"
    )
    batch_size: int | None = Field(None, ge=2, le=65536, description="windows per update")
    critic_updates: int = Field(2, ge=1, description="critic updates per generator update (GANs)")
    learning_rate: float | None = Field(None, gt=0, description="of the networks (Adam)")
    width: int | None = Field(
        None, ge=8, le=1024, multiple_of=4, description="channels of the networks"
    )
    set_aside: float = Field(
        0.2, ge=0, lt=1, description="share of train groups that only decide when to stop; 0: none"
    )
    check_every: int | None = Field(None, ge=1, description="rounds between held-out checks")
    patience: int = Field(6, ge=1, description="checks without a better score before stopping")
    average_decay: float | None = Field(
        None, ge=0, lt=1, description="of the averaged weights, a round"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="bfloat16: faster where the processor has it, nearly as good"
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="initial weights, order of windows, noise")
    device: Literal["cpu", "cuda"] = Field("cpu", description="cpu or cuda")

    def usual(self, windows: int) -> Usual:
        """Give the options as given, and what is usual for the generator where they were left out.

        windows: how many are learnt from; of few, fewer rounds are enough, and more copy them.
        """
        given = {
            name: value
            for name in Usual.__dataclass_fields__
            if name != "passes" and (value := getattr(self, name)) is not None
        }
        usual = replace(USUAL[self.generator], **given)
        rounds = usual.rounds
        if self.rounds is None and usual.passes:
            rounds = min(rounds, math.ceil(usual.passes * windows / usual.batch_size))
            rounds = max(rounds, LEAST_ROUNDS)
        check_every = usual.check_every or max(1, rounds // CHECKS)
        return replace(usual, rounds=rounds, check_every=check_every)


Mounting = Literal["kept", "drawn"] | tuple[float, float, float]
"""How the sensor sits: as people wore it, in any way, or turned by so many degrees about x, y and z."""


def _told_mounting(value: Any, handler: ValidatorFunctionWrapHandler) -> Mounting:
    """Say all that a mounting may be where it is none of it."""
    try:
        mounting: Mounting = handler(value)
    except ValidationError:
        mounting = (math.nan, math.nan, math.nan)
    if isinstance(mounting, str) or all(map(math.isfinite, mounting)):
        return mounting
    raise PydanticCustomError(
        "mounting", "should be kept, drawn, or three angles in degrees, such as 90,0,0"
    )


class DistilConfig(Section):
    """How a fitted flow is taught to sample in few steps."""

    few_steps: int = Field(4, ge=1, le=24, description="evaluations of the networks for a window")
    paths: int = Field(8192, ge=128, le=10**6, description="made windows to learn from")
    rounds: int = Field(1000, ge=1, description="training rounds")
    batch_size: int = Field(128, ge=2, le=65536, description="windows per update")
    learning_rate: float = Field(5e-4, gt=0, description="of the networks (Adam)")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="as in [fit]")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="paths and their order")


MountingOption = Annotated[Mounting, WrapValidator(_told_mounting)]


class FinetuneConfig(Section):
    """How a fitted generator goes on with windows of another sensor, and a classifier's feedback."""

    rounds: int = Field(1500, ge=1, description="training rounds at most")
    batch_size: int = Field(64, ge=2, le=65536, description="windows per update")
    learning_rate: float = Field(5e-4, gt=0, description="of the networks (Adam)")
    feedback: float = Field(
        0.1, ge=0, le=100, description="weight of the classifier's cross entropy in the loss"
    )
    replayed: int | None = Field(
        None,
        ge=0,
        le=10**5,
        description="windows of each class drawn from the model to learn again; left out: 50, "
        "or 500 without target windows",
    )
    set_aside: float = Field(
        0.2, ge=0, lt=1, description="share of target groups that only decide when to stop; 0: none"
    )
    check_every: int = Field(150, ge=1, description="rounds between held-out checks")
    patience: int = Field(6, ge=1, description="checks without a better score before stopping")
    average_decay: float = Field(0.995, ge=0, lt=1, description="of the averaged weights, a round")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="as in [fit]")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="order of windows, noise")
    device: Literal["cpu", "cuda"] = Field("cpu", description="cpu or cuda")
    public: bool = Field(
        False,
        description="for a model with a privacy guarantee: declare that the target windows, the "
        "classifier and all that it learnt from are public",
    )

    @property
    def replays(self) -> tuple[int, int]:
        """Windows of each class that are drawn to be learnt again: with target windows, and without."""
        return (50, 500) if self.replayed is None else (self.replayed, self.replayed)


class PrivacyConfig(Section):
    """Differential privacy of fit; without an epsilon there is none."""

    epsilon: float | None = Field(
        None,
        ge=0,
        le=100,
        description="the guarantee; left out: trained without privacy; 0: few-numbers from public "
        "windows alone",
    )
    delta: float = Field(1e-6, gt=0, lt=0.1, description="the guarantee's small chance")
    unit: Literal["subject", "recording", "window"] = Field(
        "subject",
        description="what the guarantee hides whole: subject (a person), recording, window",
    )
    clip_norm: float = Field(1.0, gt=0, description="the most that one unit adds to a step")
    sampling_probability: float = Field(
        1.0, gt=0, le=1, description="of each unit in a step (Poisson)"
    )
    windows_per_unit: int = Field(
        16,
        ge=1,
        le=1024,
        description="windows of a person or recording that a step uses, drawn evenly over the classes",
    )
    ledger: str | None = Field(
        None,
        description="the data set's ledger (JSON); left out: the guarantee is of this run alone",
    )
    public: str | None = Field(
        None, description="public windows, or a model fitted to public windows, to start from"
    )
    numbers: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="few-numbers: how many numbers are released, besides a count; left out: three for "
        "each channel and class but one",
    )
    accept_noise: bool = Field(
        False, description="fit even where the plan says that the result is noise"
    )


class SampleConfig(Section):
    """What is drawn from a model."""

    counts: dict[str, Count] | Count = Field(500, description="windows of each class, or by class")
    people: int = Field(
        0, ge=0, le=10**6, description="new people, each with so many windows; 0: not by person"
    )
    covariates: dict[str, float] = Field({}, description="told of all, such as age = 30")
    mounting: MountingOption = Field(
        "kept",
        description="of the sensor: kept, drawn (by window or person), or degrees about x, y and z",
    )
    precision: Literal["float32", "bfloat16"] = Field("float32", description="as in [fit]")
    device: Literal["cpu", "cuda"] = Field("cpu", description="cpu or cuda")
    seed: int = Field(1, ge=0, le=MAX_SEED, description="same seed, same bytes")


class EvaluateConfig(Section):
    """How the synthetic windows are judged."""

    quick: bool = Field(False, description="leave out the slow judge (MiniRocket)")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="folds and draws")


class DetectConfig(Section):
    """Stress detection on people left out, by generators that have not seen them."""

    folds: int = Field(
        5, ge=0, le=10**4, description="folds of whole people; 0: one person at a time"
    )
    seeds: int = Field(
        3, ge=1, le=100, description="samples and detectors are drawn anew with so many seeds"
    )
    times: float = Field(
        2.0, gt=0, le=100, description="synthetic windows for each real one that was learnt from"
    )
    judges: tuple[str, ...] = Field(
        (), description="trees, boosting, stress-cnn, cnn-lstm; left out: all"
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
    precision: Literal["float32", "bfloat16"] = Field("float32", description="as in [fit]")
    device: Literal["cpu", "cuda"] = Field("cpu", description="cpu or cuda")
    classifier: str | None = Field(
        None,
        description="a classifier's folder: only windows are kept that it takes for their class",
    )


class Config(Section):
    """The whole road, a section a stage; `run` walks it."""

    data: DataConfig = Field(default_factory=DataConfig)
    windows: WindowsConfig = Field(default_factory=WindowsConfig)
    split: SplitConfig = Field(default_factory=SplitConfig)
    fit: FitConfig = Field(default_factory=FitConfig)
    privacy: PrivacyConfig = Field(default_factory=PrivacyConfig)
    distil: DistilConfig | None = Field(None, description="left out: the flow is not distilled")
    sample: SampleConfig = Field(default_factory=SampleConfig)
    evaluate: EvaluateConfig = Field(default_factory=EvaluateConfig)
    detect: DetectConfig | None = Field(None, description="left out: stress is not looked for")
    render: RenderConfig | None = Field(None, description="left out: nothing is rendered")
    generate: GenerateConfig | None = Field(None, description="only used by `generate`")


SectionT = TypeVar("SectionT", bound=Section)


def load_config(path: Path) -> Config:
    """Read the whole road's options from .toml or .json; ConfigError names the option to mend."""
    return parse(Config, read_mapping(path), where=path.name)


def load_generate_config(path: Path) -> GenerateConfig:
    """Read `generate`'s options: the whole file, or its section "generate" if it has one."""
    mapping = read_mapping(path)
    if "generate" in mapping:
        whole = parse(Config, mapping, where=path.name)
        return whole.generate or GenerateConfig()
    return parse(GenerateConfig, mapping, where=path.name)


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a TOML or JSON file that holds keys and values."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
        mapping = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise ConfigError(f"{path}: not valid {kind}: {error}.") from error
    if not isinstance(mapping, dict):
        raise ConfigError(f"{path}: expected keys and values, got a {type(mapping).__name__}.")
    return mapping


def parse(section: type[SectionT], mapping: dict[str, Any], *, where: str) -> SectionT:
    """Check a mapping against a section; ConfigError in the words of `where: key: problem`."""
    try:
        return section.model_validate(mapping)
    except ValidationError as error:
        problems = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise ConfigError(f"{where}: {_explain(section, problems[0])}") from error


def _explain(section: type[Section], problem: Any) -> str:
    keys = [str(key) for key in problem["loc"] if not _is_type_tag(str(key))]
    if problem["type"] == "extra_forbidden":
        parent, known = "".join(f"{key}: " for key in keys[:-1]), _known_keys(section, keys[:-1])
        return f"{parent}unknown option {keys[-1]!r}.{did_you_mean(keys[-1], known)}"
    message = problem["msg"].replace("Input should be", "should be")
    return f"{'.'.join(keys)}: {message}, got {problem['input']!r}."


def _is_type_tag(key: str) -> bool:
    """Pydantic adds a member's type to the path of a union such as `dict | int`."""
    sections = {"RenderConfig", "GenerateConfig", "ColumnsConfig", "DistilConfig", "DetectConfig"}
    return key.startswith(("int", "constrained-int", "dict[str,")) or key in sections


def _known_keys(section: type[Section], path: list[str]) -> list[str]:
    for key in path:
        field = section.model_fields[key]
        members = [field.annotation, *getattr(field.annotation, "__args__", ())]
        section = next(m for m in members if isinstance(m, type) and issubclass(m, Section))
    return list(section.model_fields)


def default_toml() -> str:
    """Give a commented configuration of the whole road, every option at its default."""
    lines = ["# The whole road: wearsynth run this.toml -o runs/name", ""]
    sections = Config(
        distil=DistilConfig(),
        detect=DetectConfig(),
        render=RenderConfig(),
        generate=GenerateConfig(),
    )
    for name in Config.model_fields:
        section: Section = getattr(sections, name)
        lines += [f"# {(section.__doc__ or '').splitlines()[0]}", f"[{name}]"]
        for key, field in type(section).model_fields.items():
            value = getattr(section, key)
            shown = f"{key} = {json.dumps(value)}" if value is not None else f"# {key} ="
            lines.append(f"{shown}  # {field.description}")
        lines.append("")
    return "\n".join(lines)
