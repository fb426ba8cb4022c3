"""A fitted generator with all that is needed to use it: sampling, saving, loading.

A model is a folder: model.json says what it is (form of the windows, classes, who it has seen, how
it was made), weights.safetensors holds the numbers. Nothing in it is pickled.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wearsynth.conditions import ConditionForm, CovariateLaw
from wearsynth.data import FloatArray, IntArray, SignalWindows, Windows, concat
from wearsynth.errors import DataError, ModelError, did_you_mean
from wearsynth.files import atomic_folder
from wearsynth.generators import Device, Precision, Sampler
from wearsynth.generators.flow import ConditionalFlow
from wearsynth.generators.gan import ConditionalGan
from wearsynth.generators.kinds import generator_of
from wearsynth.generators.records import RecordShape
from wearsynth.grids import Grid
from wearsynth.mounting import draw_rotations, rotated, rotation_by
from wearsynth.representation import Representation, form_from, form_to
from wearsynth.section import Mounting
from wearsynth.statement import PrivacyStatement, statement_from, statement_to
from wearsynth.tensors import check_device, load_described, one_thread, save_described

Float64Array = NDArray[np.float64]

SCHEMA_VERSION = 3
"""2: numbers by octave, conditions, grids, kinds of generator."""

LEAST_TOLD, NO_HOLDING = 3, (1.0, 0.0, 0.0)
"""Models of before tell so many numbers of a grid, and not all of held, offset and digit."""

CHUNK = 1000

MARK_DIGITS = 6
"""Hexadecimal: of a hundred draws, two have the same mark once in 3000 times."""

NO_PRIVACY = (
    "none: trained without differential privacy; the model may remember people it has seen."
)


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted generator and what its windows are.

    kind: of generator. conditions: what may be asked for besides a class. grids: by signal, the grid
    of each channel's readings. trained_groups: every group that fitting has seen, those that only
    decided when to stop included. about: how it was made, for people to read.
    """

    kind: str
    generator: Sampler
    representation: Representation
    classes: tuple[str, ...]
    trained_groups: tuple[str, ...]
    provenance: tuple[str, ...]
    about: Mapping[str, Any]
    conditions: ConditionForm = field(default_factory=ConditionForm)
    grids: Mapping[str, tuple[Grid, ...]] = field(default_factory=dict)
    privacy: PrivacyStatement | None = None

    def sample(
        self,
        counts: Mapping[str, int] | int,
        *,
        seed: int,
        people: int | Float64Array = 0,
        covariates: Mapping[str, float] | None = None,
        mounting: Mounting = "kept",
    ) -> Windows:
        """Give exactly so many synthetic windows of each class; same seed, same bytes.

        people: so many new people, each with `counts` windows and one manner throughout, or the
        manners to use, (person, number) or (person, class, number). covariates: such as age; those
        left out are not told. mounting: of the sensor (config.Mounting); vectors turn, nothing else.
        """
        return concat(
            self.stream(counts, seed=seed, people=people, covariates=covariates, mounting=mounting)
        )

    def stream(
        self,
        counts: Mapping[str, int] | int,
        *,
        seed: int,
        people: int | Float64Array = 0,
        covariates: Mapping[str, float] | None = None,
        mounting: Mounting = "kept",
    ) -> Iterator[Windows]:
        """Give the same windows as `sample`, person after person, class after class, 1000 at a time.

        A bare number means so many of every class. DataError for unknown classes and covariates,
        counts below 0, and people where the model knows none apart.
        """
        counts = self.counts_of(counts)
        request = self._request(counts, people, covariates or {}, mounting, seed)
        line = f"sampled {request.total} windows from {self.kind} with seed {seed}{request.about}"
        for number, start in enumerate(range(0, request.total, CHUNK)):
            rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
            places = np.arange(start, min(start + CHUNK, request.total))
            yield self._windows(request, places, rng, line)

    def computing_in(self, precision: Precision, device: Device = "cpu") -> "Model":
        """Give the same model, its networks drawing in this precision, on this device.

        DataError if it has no networks, ConfigError where the device is not there.
        """
        if (precision, device) == ("float32", "cpu"):
            return self
        if not isinstance(self.generator, ConditionalFlow | ConditionalGan):
            raise DataError(f"a {self.kind} has no networks to compute in {precision} on {device}.")
        check_device(device, "device")
        return replace(self, generator=replace(self.generator.on(device), precision=precision))

    def counts_of(self, counts: Mapping[str, int] | int) -> Mapping[str, int]:
        """Give what is asked for by class; DataError where a class or number is none."""
        if isinstance(counts, int):
            counts = dict.fromkeys(self.classes, counts)
        for name, count in counts.items():
            if name not in self.classes:
                raise DataError(
                    f"the model knows no class {name!r}.{did_you_mean(name, self.classes)}"
                )
            if count < 0:
                raise DataError(f"count of {name!r} must be 0 or more, got {count}.")
        if sum(counts.values()) == 0:
            raise DataError("asked for 0 windows; ask for at least one, as in walking=100.")
        return counts

    def mark(self, drawn: str, *, seed: int) -> str:
        """Give what names of people begin with: made- and six digits of this model, seed and kind of draw.

        drawn: windows or people. So people of two draws have no name in common, and the same seed
        gives the same names. By the weights, wherever they lie.
        """
        digest = hashlib.sha256(f"{drawn} {seed} {self.kind} {self.classes}".encode())
        for name, weight in sorted(self.generator.weights().items()):
            digest.update(name.encode() + weight.detach().cpu().numpy().tobytes())
        return f"made-{digest.hexdigest()[:MARK_DIGITS]}"

    def _request(
        self,
        counts: Mapping[str, int],
        people: int | Float64Array,
        covariates: Mapping[str, float],
        mounting: Mounting,
        seed: int,
    ) -> "_Request":
        """Give a request in which whatever belongs to a person is drawn."""
        label = np.array([self.classes.index(name) for name in counts], dtype=np.int64)
        ends = np.cumsum(list(counts.values()))
        rng = np.random.default_rng(np.random.SeedSequence([seed], spawn_key=(1,)))
        manners = None
        if not isinstance(people, int):
            manners = self.conditions.given_manners(people, len(self.classes))
        elif people > 0:
            manners = self.conditions.draw_manners(people, len(self.classes), rng)
        elif people < 0:
            raise DataError(f"people must be 0 or more, got {people}.")
        self.conditions.told(0, None, dict.fromkeys(covariates, np.zeros(0)))
        rotations, people_or_one = None, 1 if manners is None else len(manners)
        if not isinstance(mounting, str):
            rotations = np.broadcast_to(rotation_by(mounting), (people_or_one, 3, 3))
        elif mounting == "drawn" and manners is not None:
            rotations = draw_rotations(len(manners), rng)
        elif mounting not in ("kept", "drawn"):
            raise DataError(f"mounting must be kept, drawn or three angles, got {mounting!r}.")
        mark = self.mark("windows", seed=seed)
        return _Request(label, ends, manners, rotations, dict(covariates), mounting, mark)

    def _windows(
        self, request: "_Request", places: IntArray, rng: np.random.Generator, line: str
    ) -> Windows:
        count, of = len(places), request
        label = of.label[np.searchsorted(of.ends, places % of.each, side="right")]
        person = places // of.each
        covariates = {
            law.name: np.full(count, of.covariates.get(law.name, np.nan))
            for law in self.conditions.covariates
        }
        manner = None if of.manners is None else of.manners[person, label]
        told = self.conditions.told(count, manner, covariates)
        with one_thread():
            encoded = self.generator.sample(label, told, rng)
        signals = self._decoded(encoded)
        if of.mounting != "kept":
            turns = draw_rotations(count, rng) if of.rotations is None else of.rotations[person]
            signals = rotated(signals, turns)
        names = np.char.add(f"{of.mark}-", (person + 1).astype(np.str_))
        return Windows(
            signals={name: self._on_grid(name, signal) for name, signal in signals.items()},
            label=label,
            classes=self.classes,
            subject=np.full(count, "") if of.manners is None else names,
            recording=np.full(count, ""),
            start_s=np.full(count, np.nan),
            synthetic=np.ones(count, dtype=np.bool_),
            provenance=(*self.provenance, line),
            trained_groups=self.trained_groups,
            covariates=covariates,
        )

    def _decoded(self, encoded: FloatArray) -> dict[str, SignalWindows]:
        """Give windows of records; ModelError where they are out of all bounds."""
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return self.representation.decode(encoded)
        except DataError as error:
            raise ModelError(
                f"of {len(encoded)} drawn windows {error} The model has not learnt, as networks do not under "
                "much noise. Train it on more people or longer, with a larger epsilon, or fit another "
                "generator."
            ) from error

    def _on_grid(self, name: str, signal: SignalWindows) -> SignalWindows:
        if name not in self.grids:
            return signal
        values = np.stack(
            [grid.put(signal.values[:, :, at]) for at, grid in enumerate(self.grids[name])], axis=2
        )
        return SignalWindows(values, signal.rate_hz, signal.channels)


@dataclass(frozen=True, eq=False)
class _Request:
    """What is to be drawn: classes by label and where each ends among a person's windows.

    manners: (person, class, number), or None where no people are asked for. rotations: (person, 3, 3).
    mark: what people's names begin with.
    """

    label: IntArray
    ends: IntArray
    manners: Float64Array | None
    rotations: Float64Array | None
    covariates: Mapping[str, float]
    mounting: Mounting
    mark: str

    @property
    def each(self) -> int:
        """Windows of each person, or of all if there are none."""
        return int(self.ends[-1])

    @property
    def total(self) -> int:
        return self.each * (1 if self.manners is None else len(self.manners))

    @property
    def about(self) -> str:
        """What was asked for besides counts, for the provenance line."""
        parts = [] if self.manners is None else [f"{len(self.manners)} people"]
        parts += [f"{name} {value:g}" for name, value in self.covariates.items()]
        if self.mounting != "kept":
            asked = (
                self.mounting
                if isinstance(self.mounting, str)
                else "by {:g}, {:g}, {:g}".format(*self.mounting)
            )
            parts.append(f"mounting {asked}")
        return "".join(f", {part}" for part in parts)


def record_shape(
    representation: Representation, classes: int, conditions: ConditionForm
) -> RecordShape:
    """Give the sizes of records of windows of this form."""
    return RecordShape(
        steps=representation.steps,
        folds=representation.folds,
        classes=classes,
        conditions=conditions.size,
        coarse=representation.coarse,
    )


def save_model(model: Model, folder: Path | str, *, overwrite: bool = False) -> None:
    """Write the model's folder, whole or not at all."""
    head = {
        "schema_version": SCHEMA_VERSION,
        "signals": form_to(model.representation),
        "classes": model.classes,
        "trained_groups": model.trained_groups,
        "provenance": model.provenance,
        "about": model.about,
        "privacy": NO_PRIVACY if model.privacy is None else statement_to(model.privacy),
        "kind": model.kind,
        "sizes": model.generator.sizes,
        "conditions": asdict(model.conditions),
        "grids": {name: [_told_grid(grid) for grid in of] for name, of in model.grids.items()},
    }
    with atomic_folder(Path(folder), overwrite=overwrite) as temporary:
        save_described(temporary, "model.json", head, model.generator.weights())


def load_model(name: Path | str) -> Model:
    """Give a model from its folder, or a bundled one by name; ModelError where it is damaged."""
    folder = find_model(name)
    head, tensors = load_described(folder, "model.json")
    _check_version(folder, head["schema_version"])
    representation = form_from(head["signals"])
    conditions = _condition_form(head["conditions"])
    shape = record_shape(representation, len(head["classes"]), conditions)
    told = head["privacy"]  # in words where there is none
    return Model(
        kind=head["kind"],
        generator=generator_of(head["kind"], shape, head["sizes"], tensors),
        representation=representation,
        classes=tuple(head["classes"]),
        trained_groups=tuple(head["trained_groups"]),
        provenance=tuple(head["provenance"]),
        about=head["about"],
        conditions=conditions,
        grids={name: tuple(_grid(told) for told in of) for name, of in head["grids"].items()},
        privacy=None if isinstance(told, str) else statement_from(told, where=f"{folder}"),
    )


def _check_version(folder: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise ModelError(f"{folder}: written by a newer wearsynth (schema {version}); update it.")
    if version < SCHEMA_VERSION:
        raise ModelError(
            f"{folder}: written by an older wearsynth (schema {version}, now {SCHEMA_VERSION}); "
            "fit it again."
        )


def _condition_form(told: Mapping[str, Any]) -> ConditionForm:
    laws = tuple(CovariateLaw(**law) for law in told["covariates"])
    return ConditionForm(tuple(told["manner"]), tuple(told["by_class"]), laws)


def _told_grid(grid: Grid) -> list[float | None]:
    """Give step, low, high, held, offset and digit; JSON has no infinity, and nothing that is no number."""
    low, high, offset = (v if np.isfinite(v) else None for v in (grid.low, grid.high, grid.offset))
    return [grid.step, low, high, grid.held, offset, grid.digit]


def _grid(told: list[float | None]) -> Grid:
    whole = [*told, *NO_HOLDING[len(told) - LEAST_TOLD :]]
    step, low, high, held, offset, digit = whole
    return Grid(
        step=step or 0.0,
        low=-np.inf if low is None else low,
        high=np.inf if high is None else high,
        held=int(held or 1),
        offset=np.nan if offset is None else offset,
        digit=digit or 0.0,
    )


def bundled_models() -> tuple[str, ...]:
    """Give the names of the models that ship in the package."""
    folder = resources.files("wearsynth") / "models"
    if not folder.is_dir():
        return ()
    return tuple(sorted(item.name for item in folder.iterdir() if item.is_dir()))


def find_model(name: Path | str) -> Path:
    """Give the folder of a model by its path or bundled name; ModelError if there is neither."""
    if (Path(name) / "model.json").is_file():
        return Path(name)
    if str(name) in bundled_models():
        return Path(str(resources.files("wearsynth") / "models" / str(name)))
    if Path(name).exists():
        raise ModelError(f"{name}: no model in it (model.json is missing).")
    raise ModelError(
        f"no model folder {str(name)!r} and no bundled model of that name."
        + did_you_mean(str(name), bundled_models())
    )
