"""The options of every stage: one schema, written as TOML or JSON with the same keys.

An unknown key is an error that names the nearest known one. Values have units in their names.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from wearsynth.config_recordings import DataConfig, SplitConfig, WindowsConfig
from wearsynth.config_rendering import GenerateConfig, RenderConfig
from wearsynth.section import (
    MAX_SEED,
    Count,
    Device,
    MountingOption,
    Precision,
    Section,
    parse,
    read_mapping,
)


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
    precision: Precision = "float32"
    seed: int = Field(0, ge=0, le=MAX_SEED, description="initial weights, order of windows, noise")
    device: Device = "cpu"

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


class DistilConfig(Section):
    """How a fitted flow is taught to sample in few steps."""

    few_steps: int = Field(4, ge=1, le=24, description="evaluations of the networks for a window")
    paths: int = Field(8192, ge=128, le=10**6, description="made windows to learn from")
    rounds: int = Field(1000, ge=1, description="training rounds")
    batch_size: int = Field(128, ge=2, le=65536, description="windows per update")
    learning_rate: float = Field(5e-4, gt=0, description="of the networks (Adam)")
    precision: Precision = "float32"
    seed: int = Field(0, ge=0, le=MAX_SEED, description="paths and their order")


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
    precision: Precision = "float32"
    seed: int = Field(0, ge=0, le=MAX_SEED, description="order of windows, noise")
    device: Device = "cpu"
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
    precision: Precision = "float32"
    device: Device = "cpu"
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
