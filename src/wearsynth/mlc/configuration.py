"""mlc_conf.json, from which ST's tool makes a sensor's configuration: read and written.

What the twin cannot compute bit for bit is refused by name rather than guessed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wearsynth.errors import ConfigError, FormatError, did_you_mean, shown
from wearsynth.files import atomic_file
from wearsynth.formats.manifest import read_json, write_json
from wearsynth.mlc.features import FEATURES
from wearsynth.mlc.filters import BandPass
from wearsynth.mlc.inputs import INPUTS

SHORTEST_WINDOW, LONGEST_WINDOW = 2, 255
RESULTS = 16
"""A tree's results are 0 to 15."""
RESULTS_PER_GROUP = 4
LARGEST_END_COUNTER = 14
MOST_QUANTITY = 1e6
"""Rates and ranges are below this, in Hz and g."""
WINDOWS_LEFT_OUT = 2
"""With a filter, so many first windows of a log are not in the table of features."""
_SHORT_NAMES = {
    "VARIANCE": "VAR",
    "PEAK_TO_PEAK": "PeakToPeak",
    "ZERO_CROSSING": "ZeroCross",
    "PEAK_DETECTOR": "PeaKDet",
    "MINIMUM": "MIN",
    "MAXIMUM": "MAX",
}
_WITH_THRESHOLD = ("ZERO_CROSSING", "PEAK_DETECTOR")
_KEYS = frozenset(
    (
        "datalogs",
        "name",
        "mlc_odr",
        "input_type",
        "accelerometer_fs",
        "accelerometer_odr",
        "decision_tree_count",
        "window_length",
        "filters",
        "features",
        "dectree_features",
        "dectrees",
        "arff",
        "ucf",
    )
)


@dataclass(frozen=True)
class Datalog:
    """A log that features are computed of: its path from mlc_conf.json, and its class."""

    filename: str
    label: str


@dataclass(frozen=True)
class Filter:
    """A band pass on one input; features name it as <input>_<filter_id>."""

    filter_id: str
    input: str
    band_pass: BandPass


@dataclass(frozen=True)
class Feature:
    """A feature of one input or filtered input, by the names of mlc_conf.json."""

    name: str
    input: str


@dataclass(frozen=True)
class TreeEntry:
    """A decision tree: where its text is, each class's output value, and the end counters.

    end_counters: one for each group of four output values; none where there is no meta-classifier.
    """

    filename: str
    results: Mapping[str, int]
    end_counters: tuple[int, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """How a sensor's MLC is set.

    rate_hz: of the MLC and of the accelerometer. full_scale_g: told to ST's tool; the features do not
    depend on it. window_length: readings in a window. feature_names: as trees and tables name them.
    arff and ucf: where ST's tool writes the features and the sensor's configuration, or "".
    """

    name: str
    rate_hz: float
    full_scale_g: int
    window_length: int
    filters: tuple[Filter, ...]
    features: tuple[Feature, ...]
    feature_names: tuple[str, ...]
    trees: tuple[TreeEntry, ...] = ()
    datalogs: tuple[Datalog, ...] = ()
    arff: str = ""
    ucf: str = ""

    @property
    def left_out(self) -> int:
        """The first windows of a log that are not in its table of features."""
        return WINDOWS_LEFT_OUT if self.filters else 0


def feature_names(features: tuple[Feature, ...], filters: tuple[Filter, ...]) -> tuple[str, ...]:
    """Give the features' names as ST's tool makes them, such as F2_MEAN_on_filter_BP_on_A_V2."""
    filtered = {f"{f.input}_{f.filter_id}": f.input for f in filters}
    names = []
    for number, feature in enumerate(features, start=1):
        source = filtered.get(feature.input)
        of = feature.input.upper() if source is None else f"filter_BP_on_A_{source[4:].upper()}"
        names.append(f"F{number}_{_SHORT_NAMES.get(feature.name, feature.name)}_on_{of}")
    return tuple(names)


def read_configuration(path: Path) -> Configuration:
    """Give what mlc_conf.json says; FormatError where it is damaged or beyond the twin."""
    return _Reader(path).configuration(read_json(path))


def write_configuration(configuration: Configuration, path: Path) -> None:
    """Write mlc_conf.json as ST's tool reads it, whole or not at all."""
    rate = f"{configuration.rate_hz:g} Hz"
    content: dict[str, Any] = {
        "datalogs": [{"filename": d.filename, "label": d.label} for d in configuration.datalogs],
        "name": configuration.name,
        "mlc_odr": rate,
        "input_type": "accelerometer_only",
        "accelerometer_fs": f"{configuration.full_scale_g} g",
        "accelerometer_odr": rate,
        "decision_tree_count": max(1, len(configuration.trees)),
        "window_length": configuration.window_length,
        "filters": [_filter_json(item) for item in configuration.filters],
        "features": [_feature_json(feature) for feature in configuration.features],
        "dectree_features": list(configuration.feature_names),
        "dectrees": [_tree_json(tree) for tree in configuration.trees],
        "arff": configuration.arff,
        "ucf": configuration.ucf,
    }
    with atomic_file(path) as temporary:
        write_json(
            temporary, {key: value for key, value in content.items() if value not in ("", [])}
        )


def _filter_json(item: Filter) -> dict[str, str]:
    made = {"filter_id": item.filter_id, "filter_type": "BP", "input": item.input}
    return made | {name: repr(getattr(item.band_pass, name)) for name in ("a2", "a3", "gain")}


def _feature_json(feature: Feature) -> dict[str, Any]:
    made = {"feature_name": feature.name, "input": feature.input, "signed": True}
    return made | ({"threshold": "0.0"} if feature.name in _WITH_THRESHOLD else {})


def _tree_json(tree: TreeEntry) -> dict[str, Any]:
    results = [{"label": label, "value": value} for label, value in tree.results.items()]
    made: dict[str, Any] = {"filename": tree.filename, "results": results}
    return made | ({"metaclassifier": list(tree.end_counters)} if tree.end_counters else {})


@dataclass(frozen=True)
class _Reader:
    """Turns the JSON of one file into a Configuration; every refusal names the file and the key."""

    path: Path

    def configuration(self, content: dict[str, Any]) -> Configuration:
        if unknown := sorted(set(content) - _KEYS):
            raise self._refusal(
                f"has {shown(unknown[0])}, which the twin does not know", unknown[0]
            )
        if content.get("input_type") != "accelerometer_only":
            raise self._refusal(
                f'"input_type" is {_said(content.get("input_type"))}, and the twin knows '
                "'accelerometer_only' alone"
            )
        filters = tuple(map(self._filter, self._list(content, "filters", needed=False)))
        if len({(item.input, item.filter_id) for item in filters}) < len(filters):
            raise self._refusal("has two filters of one input and name")
        known = [*INPUTS, *(f"{item.input}_{item.filter_id}" for item in filters)]
        features = tuple(self._feature(item, known) for item in self._list(content, "features"))
        if self._quantity(content, "mlc_odr", "Hz") != self._quantity(
            content, "accelerometer_odr", "Hz"
        ):
            problem = '"accelerometer_odr" differs from "mlc_odr", and the twin does not decimate'
            raise self._refusal(problem)
        return Configuration(
            name=self._text(content, "name"),
            rate_hz=self._quantity(content, "mlc_odr", "Hz"),
            full_scale_g=round(self._quantity(content, "accelerometer_fs", "g")),
            window_length=self._whole(
                content, "window_length", range(SHORTEST_WINDOW, LONGEST_WINDOW + 1)
            ),
            filters=filters,
            features=features,
            feature_names=self._names(content, features, filters),
            trees=tuple(map(self._tree, self._list(content, "dectrees", needed=False))),
            datalogs=tuple(map(self._datalog, self._list(content, "datalogs", needed=False))),
            arff=self._text(content, "arff", default=""),
            ucf=self._text(content, "ucf", default=""),
        )

    def _filter(self, item: Any) -> Filter:
        kind, of = self._text(item, "filter_type"), self._text(item, "input")
        if kind != "BP":
            raise self._refusal(f"has a filter of type {shown(kind)}, and the twin knows BP alone")
        if of not in INPUTS:
            raise self._refusal(f"filters {shown(of)}, which the twin does not know", of, INPUTS)
        a2, a3, gain = (self._number(item, name) for name in ("a2", "a3", "gain"))
        try:
            band_pass = BandPass(a2, a3, gain)
        except ConfigError as error:
            raise FormatError(self.path, f"{error}") from None
        return Filter(self._text(item, "filter_id"), of, band_pass)

    def _feature(self, item: Any, inputs: list[str]) -> Feature:
        name, of = self._text(item, "feature_name"), self._text(item, "input")
        if name not in FEATURES:
            raise self._refusal(
                f"has feature {shown(name)}, which the twin does not know", name, FEATURES
            )
        if of not in inputs:
            raise self._refusal(
                f"has a feature of {shown(of)}, which it does not define", of, inputs
            )
        if float(self._number(item, "threshold", default=0.0)) != 0:
            raise self._refusal(f"gives {name} a threshold, and the twin knows that of 0 alone")
        if item.get("signed", True) is not True and of not in ("Acc_V", "Acc_V2"):
            raise self._refusal(
                f"has {name} of {of} unsigned, and the twin knows signed ones alone"
            )
        return Feature(name, of)

    def _names(
        self, content: Any, features: tuple[Feature, ...], filters: tuple[Filter, ...]
    ) -> tuple[str, ...]:
        names = self._list(content, "dectree_features", needed=False)
        if not names:
            return feature_names(features, filters)
        if len(names) != len(features) or len(set(map(str, names))) != len(names):
            raise self._refusal(
                f'"dectree_features" names {len(names)} features, "features" has {len(features)}: '
                "expected as many, all different"
            )
        return tuple(self._text({"dectree_features": name}, "dectree_features") for name in names)

    def _tree(self, item: Any) -> TreeEntry:
        results = {
            self._text(result, "label"): self._whole(result, "value", range(RESULTS))
            for result in self._list(item, "results")
        }
        counters = self._list(item, "metaclassifier", needed=False)
        allowed = range(LARGEST_END_COUNTER + 1)
        if counters and not (
            len(counters) == RESULTS // RESULTS_PER_GROUP
            and all(isinstance(counter, int) and counter in allowed for counter in counters)
        ):
            raise self._refusal(f'"metaclassifier" must be four end counters of 0 to {allowed[-1]}')
        return TreeEntry(self._text(item, "filename"), results, tuple(counters))

    def _datalog(self, item: Any) -> Datalog:
        return Datalog(self._text(item, "filename"), self._text(item, "label"))

    def _value(self, item: Any, key: str) -> Any:
        if not isinstance(item, dict):
            raise self._refusal(f"expected an object with {shown(key)}, got {_said(item)}")
        return item.get(key)

    def _list(self, item: Any, key: str, *, needed: bool = True) -> list[Any]:
        value = self._value(item, key)
        if value is None and not needed:
            return []
        if not isinstance(value, list) or (needed and not value):
            raise self._refusal(f'expected a list "{key}", got {_said(value)}')
        return value

    def _text(self, item: Any, key: str, *, default: str | None = None) -> str:
        value = self._value(item, key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise self._refusal(f'expected a text "{key}", got {_said(value)}')
        return value

    def _whole(self, item: Any, key: str, allowed: range) -> int:
        value = self._value(item, key)
        if not isinstance(value, int) or value not in allowed:
            wanted = f"{allowed[0]} to {allowed[-1]}"
            raise self._refusal(f'expected "{key}" of {wanted}, got {_said(value)}')
        return value

    def _number(self, item: Any, key: str, *, default: float | None = None) -> float:
        value = self._value(item, key)
        if value is None and default is not None:
            return default
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self._refusal(f'expected a number "{key}", got {_said(value)}')
        return number

    def _quantity(self, item: Any, key: str, unit: str) -> float:
        text = self._text(item, key).strip()
        number = text[: -len(unit)].strip() if text.lower().endswith(unit.lower()) else ""
        if not number or not 0 < self._number({key: number}, key) < MOST_QUANTITY:
            raise self._refusal(f'expected "{key}" such as "26 {unit}", got {_said(item[key])}')
        return float(number)

    def _refusal(self, problem: str, word: str = "", known: Any = ()) -> FormatError:
        hint = did_you_mean(word, known or _KEYS) if word else ""
        return FormatError(self.path, f"{problem}.{hint or ' Change it, or take it out.'}")


def _said(value: Any) -> str:
    return "nothing" if value is None else shown(str(value))
