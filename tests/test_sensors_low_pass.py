import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth.sensors.low_pass import low_passed, low_passed_noise, passes_all


def tone(hz: float, *, rate_hz: float = 100.0, length: int = 2000) -> NDArray[np.float64]:
    angle = 2 * np.pi * hz * np.arange(length) / rate_hz
    return np.asarray(np.sin(angle)[None, :, None], dtype=np.float64)


@pytest.mark.parametrize(
    ("hz", "wanted"),
    [
        (0.1, 1.0),
        (5.0, np.sqrt(0.5)),
        (20.0, 1 / np.sqrt(1 + (np.tan(np.pi / 5) / np.tan(np.pi / 20)) ** 4)),
    ],
)
def test_a_tone_comes_through_as_the_butterworth_formula_says(hz: float, wanted: float) -> None:
    # |H|^2 = 1 / (1 + (tan(pi f / rate) / tan(pi b / rate))^4), b = 5 Hz at 100 Hz
    out = low_passed(tone(hz), bandwidth_hz=5, rate_hz=100)[0, 1000:, 0]
    assert np.abs(out).max() == pytest.approx(wanted, rel=0.01)


def test_a_constant_stays_what_it_is_from_the_first_reading_on() -> None:
    values = np.full((2, 6, 3), 0.7) * np.array([1.0, -1.0, 2.0])
    for bandwidth_hz in (0.03, 1.0, 6.0):
        out = low_passed(values, bandwidth_hz=bandwidth_hz, rate_hz=26)
        np.testing.assert_allclose(out, values, atol=1e-9)


def test_half_the_rate_takes_nothing_away() -> None:
    values = np.random.default_rng(0).normal(size=(2, 20, 3))
    assert passes_all(13, 26) and not passes_all(12.9, 26)
    assert low_passed(values, bandwidth_hz=13, rate_hz=26) is values


def test_a_filter_slower_than_the_window_shows_its_mean() -> None:
    values = np.random.default_rng(0).normal(size=(5, 52, 3)) + 3
    out = low_passed(values, bandwidth_hz=26 / 400, rate_hz=26)
    np.testing.assert_allclose(
        out, np.broadcast_to(values.mean(axis=1, keepdims=True), out.shape), atol=0.5
    )
    assert out.std(axis=1).max() < 0.1


def test_the_filter_looks_back_only() -> None:
    step = np.zeros((1, 60, 1))
    step[:, 30:] = 1.0
    late = step.copy()
    late[:, 40:] = 5.0
    one, other = (
        low_passed(v - v.mean(), bandwidth_hz=5, rate_hz=100) + v.mean() for v in (step, late)
    )
    # the same past gives the same readings, once the reflection before the window is forgotten
    assert np.abs(one[0, 32:40, 0] - other[0, 32:40, 0]).max() < 0.05
    assert one[0, 33, 0] < 0.5 < one[0, 40, 0]


@pytest.mark.parametrize("bandwidth_hz", [13.0, 6.5, 2.6, 26 / 50])
def test_noise_behind_the_filter_keeps_a_deviation_of_1(bandwidth_hz: float) -> None:
    rng = np.random.default_rng(3)
    drawn = [
        low_passed_noise((40, 3), rng, bandwidth_hz=bandwidth_hz, rate_hz=26) for _ in range(1500)
    ]
    assert np.std(drawn) == pytest.approx(1, rel=0.03)


def test_noise_behind_a_narrow_filter_changes_slowly() -> None:
    rng = np.random.default_rng(4)
    wide = low_passed_noise((4000, 1), rng, bandwidth_hz=50, rate_hz=100)[:, 0]
    narrow = low_passed_noise((4000, 1), rng, bandwidth_hz=2, rate_hz=100)[:, 0]
    alike = [np.corrcoef(noise[1:], noise[:-1])[0, 1] for noise in (wide, narrow)]
    assert abs(alike[0]) < 0.05 and alike[1] > 0.95
    spectrum = np.abs(np.fft.rfft(narrow)) ** 2
    hz = np.fft.rfftfreq(4000, 1 / 100)
    assert spectrum[hz > 8].sum() < 0.05 * spectrum.sum()
