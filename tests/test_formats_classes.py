"""Classes under other names: what is joined, what is left out, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Channel, Gap, Recording, Signal, Span
from wearsynth.errors import DataError
from wearsynth.formats import basic_motions, pamap2, read
from wearsynth.formats.classes import GROUPINGS, regroup
from wearsynth.formats.pamap2_rows import SIGNALS

DATA = Path(__file__).parents[2] / "shared" / "data"


def _recording(*spans: Span, name: str = "a") -> Recording:
    values = np.zeros((100, 1), dtype=np.float32)
    signal = Signal(values, 10.0, (Channel("temp", "degC"),))
    return Recording(name, {"temp": signal}, subject="7", spans=spans, gaps=(Gap(1.0, 2.0),))


def _one(classes: dict[str, str] | str, *spans: Span) -> tuple[Span, ...]:
    (recording,) = regroup([_recording(*spans)], classes)
    return recording.spans


def test_spans_that_touch_and_have_one_new_name_become_one() -> None:
    spans = (Span(0.0, 1.0, "sit"), Span(1.0, 2.5, "lie"), Span(2.5, 3.0, "sit"))
    wanted = (Span(0.0, 3.0, "rest"),)
    assert _one({"sit": "rest", "lie": "rest"}, *spans) == wanted


def test_spans_with_time_between_them_stay_apart() -> None:
    spans = (Span(0.0, 1.0, "sit"), Span(1.5, 2.5, "lie"))
    wanted = (Span(0.0, 1.0, "rest"), Span(1.5, 2.5, "rest"))
    assert _one({"sit": "rest", "lie": "rest"}, *spans) == wanted


def test_spans_with_another_class_between_them_stay_apart() -> None:
    spans = (Span(0.0, 1.0, "sit"), Span(1.0, 2.0, "walk"), Span(2.0, 3.0, "sit"))
    assert _one({"sit": "rest"}, *spans) == (Span(0.0, 1.0, "rest"), Span(2.0, 3.0, "rest"))


def test_spans_that_touch_under_different_names_stay_apart() -> None:
    spans = (Span(0.0, 1.0, "sit"), Span(1.0, 2.0, "walk"))
    assert _one({"sit": "rest", "walk": "move"}, *spans) == (
        Span(0.0, 1.0, "rest"),
        Span(1.0, 2.0, "move"),
    )


def test_names_may_be_swapped() -> None:
    spans = (Span(0.0, 1.0, "a"), Span(1.0, 2.0, "b"))
    assert _one({"a": "b", "b": "a"}, *spans) == (Span(0.0, 1.0, "b"), Span(1.0, 2.0, "a"))


def test_all_but_the_spans_stays_as_it_was() -> None:
    before = _recording(Span(0.0, 1.0, "sit"))
    (after,) = regroup([before], {"sit": "rest"})
    assert after.signals is before.signals
    assert (after.name, after.subject, after.gaps) == ("a", "7", (Gap(1.0, 2.0),))
    assert before.spans == (Span(0.0, 1.0, "sit"),)


def test_a_recording_without_the_classes_is_kept_without_spans() -> None:
    both = [_recording(Span(0.0, 1.0, "sit")), _recording(Span(0.0, 1.0, "walk"), name="b")]
    assert [one.spans for one in regroup(both, {"walk": "walk"})] == [
        (),
        (Span(0.0, 1.0, "walk"),),
    ]


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"unknown grouping of classes 'sr'\. Known: st"):
        regroup([_recording(Span(0.0, 1.0, "walking"))], "sr")
    spans = (Span(0.0, 1.0, "walking"), Span(1.0, 2.0, "running"))
    with pytest.raises(DataError, match=r"no recording has the class 'wlking'\. Did you mean"):
        _one({"wlking": "w", "running": "r"}, *spans)


def test_recordings_with_none_of_the_classes_are_refused() -> None:
    with pytest.raises(DataError, match=r"none of the classes sit is in .* which have walk"):
        _one({"sit": "rest"}, Span(0.0, 1.0, "walk"))
    with pytest.raises(DataError, match=r"which have no labels\. Give them"):
        regroup([_recording()], "st")


def test_the_grouping_of_st_has_its_four_classes() -> None:
    grouping = GROUPINGS["st"]
    assert set(grouping.values()) == {"stationary", "walking", "running", "cycling"}
    for name in grouping.values():
        assert grouping[name] == name, "a set that is grouped already stays as it is"
    spans = [Span(float(i), i + 1.0, name) for i, name in enumerate(pamap2.CLASS_OF) if name]
    kept = {span.label for span in spans if _kept(span)}
    assert kept == {
        "lying", "sitting", "standing", "walking", "nordic_walking", "running", "cycling",
    }  # fmt: skip


def _kept(span: Span) -> bool:
    (recording,) = regroup([_recording(span, Span(99.0, 100.0, "cycling"))], "st")
    return len(recording.spans) == 2


def test_the_built_in_set_can_be_grouped() -> None:
    recordings = regroup(read(basic_motions.NAME), "st")
    labels = [span.label for one in recordings for span in one.spans]
    assert {label: labels.count(label) for label in set(labels)} == {
        "stationary": 20,
        "walking": 20,
        "running": 20,
    }


@pytest.mark.skipif(not DATA.is_dir(), reason="ST's logs and PAMAP2's excerpt are not in ../shared")
@pytest.mark.parametrize(("log", "start_s"), [(12, 3235.87), (13, 3295.87)])
def test_walking_logs_of_st_hold_nordic_walking(log: int, start_s: float) -> None:
    real = np.load(DATA / "pamap2_excerpt" / "pamap2_subject102_hand6g_100hz.npz")
    here = real["activity"][np.searchsorted(real["t"], [start_s, start_s + 60])]
    assert here.tolist() == ["Nordic_walking", "Nordic_walking"]
    (st,) = read(
        DATA / "st_pamap2_wrist" / "data" / "1_walking" / f"log_{log}.csv", source_rate_hz=30
    )
    values = st.signals["acc"].values
    times_s = start_s + np.arange(len(values)) / 30
    known = np.isfinite(real["acc"]).all(axis=1)
    same = [np.interp(times_s, real["t"][known], real["acc"][known, axis]) for axis in range(3)]
    assert [np.corrcoef(same[axis], values[:, axis])[0, 1] > 0.9 for axis in range(3)] == [True] * 3


@pytest.mark.skipif(not DATA.is_dir(), reason="ST's logs are not in ../shared")
def test_st_took_the_16_g_accelerometer() -> None:
    logs = read(DATA / "st_pamap2_wrist")
    largest = max(float(np.abs(one.signals["acc"].values).max()) for one in logs)
    assert largest > SIGNALS["acc_6g"].high
