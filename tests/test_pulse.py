"""Blood volume pulse in slow series: a pulse made by hand, and any series there and back."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth import pulse
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.representation import representation_of

RATE_HZ, TIME = 64.0, 1920


def beating(rate: float = 72.0, *, size: float = 30.0, start: float = 0.25) -> NDArray[np.float64]:
    """Give a window with beats of three harmonics, (1, time)."""
    phase = 2 * np.pi * (rate / 60 * np.arange(TIME) / RATE_HZ + start)
    shape = np.cos(phase) + 0.3 * np.sin(2 * phase) + 0.1 * np.cos(3 * phase)
    return np.asarray(size * shape[None])


def bvp(values: NDArray[np.float64], *, unit: str = "a.u.", rate_hz: float = RATE_HZ) -> Windows:
    return windows_from_arrays(
        {"bvp": (values[:, :, None], rate_hz, [("bvp", unit)])}, ["rest"] * len(values)
    )


@pytest.mark.parametrize("rate", [48.0, 72.0, 110.0, 150.0])
def test_the_rate_and_the_size_of_a_steady_pulse_are_told(rate: float) -> None:
    series = pulse.series_of(beating(rate), RATE_HZ)[0]
    middle = series[10:-10]
    assert middle[:, pulse.RATE] == pytest.approx(rate, rel=0.05)
    rms = 30 * np.sqrt((1 + 0.09 + 0.01) / 2)
    assert np.exp(middle[:, pulse.SIZE]) * pulse.USUAL_SIZE == pytest.approx(rms, rel=0.1)


def test_the_beat_is_in_the_harmonics_and_nothing_in_the_mean() -> None:
    middle = pulse.series_of(beating(), RATE_HZ)[0, 10:-10]
    size = np.exp(middle[:, pulse.SIZE]) * pulse.USUAL_SIZE
    cosine, sine = (size * middle[:, pulse.MEAN + at] for at in (1, 2))
    assert cosine == pytest.approx(30.0, rel=0.1)  # the phase follows the fundamental: no sine
    assert np.abs(sine).max() < 3.0
    second = size * np.hypot(middle[:, pulse.MEAN + 3], middle[:, pulse.MEAN + 4])
    assert second == pytest.approx(9.0, rel=0.15)
    assert np.abs(size * middle[:, pulse.MEAN]).max() < 4.0


def test_the_way_back_gives_pulse_and_artefact_again() -> None:
    rng = np.random.default_rng(0)
    values = beating().repeat(3, axis=0)
    at = np.arange(TIME) / RATE_HZ
    values[1, 600:900] += 400 * np.sin(2 * np.pi * 0.9 * at[:300])  # an arm that moves
    values[2] = np.convolve(rng.normal(size=TIME), np.hanning(24), "same")  # no pulse at all
    back = pulse.pulse_of(pulse.series_of(values, RATE_HZ), TIME, RATE_HZ)
    lost = ((back - values) ** 2).mean(axis=1) / (values**2).mean(axis=1)
    assert lost[0] < 1e-4 and (lost < 0.01).all()


def test_a_pulse_starts_where_it_is_told() -> None:
    series = pulse.series_of(beating(start=0.25), RATE_HZ)
    later = series.copy()
    later[:, :, pulse.START] += 0.5
    moved = pulse.pulse_of(later, TIME, RATE_HZ)
    half_a_beat = round(RATE_HZ * 60 / 72 / 2)
    same = pulse.pulse_of(series, TIME, RATE_HZ)[:, half_a_beat:]
    middle = slice(200, -200)
    close = np.corrcoef(moved[0, :-half_a_beat][middle], same[0][middle])[0, 1]
    assert close > 0.98


def test_only_blood_volume_pulse_is_told_so() -> None:
    assert representation_of(bvp(beating())).signals[0].pulse
    assert not representation_of(bvp(beating(), unit="1")).signals[0].pulse
    assert not representation_of(bvp(beating()[:, ::16], rate_hz=4.0)).signals[0].pulse
    assert not representation_of(bvp(beating()[:, :256])).signals[0].pulse
    assert pulse.steps_of(3840, 64.0) == 120 and pulse.steps_of(60, 1.0) == 0


def test_windows_that_do_not_move_and_no_windows_come_back() -> None:
    still = np.zeros((2, TIME))
    back = pulse.pulse_of(pulse.series_of(still, RATE_HZ), TIME, RATE_HZ)
    np.testing.assert_allclose(back, still, atol=1e-6)
    assert pulse.series_of(np.zeros((0, TIME)), RATE_HZ).shape == (0, 60, pulse.TRACES)


def test_a_form_with_a_pulse_comes_back() -> None:
    windows = bvp(beating().repeat(2, axis=0).astype(np.float32))
    form = representation_of(windows)
    encoded = form.encode(windows)
    # a level and three scales, of two octaves each, for 20 series of 60 steps
    assert encoded.shape == (2, pulse.TRACES + 4 * pulse.TRACES, 60)
    back = form.decode(encoded)["bvp"].values
    np.testing.assert_allclose(back, windows.signals["bvp"].values, atol=0.5)
