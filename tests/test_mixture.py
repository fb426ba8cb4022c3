"""The factored mixture on hand-made records: numbers, whiteness, copies, conditions, weights."""

import numpy as np
import pytest
from scipy.fft import dct

from wearsynth.data import FloatArray, IntArray
from wearsynth.errors import DataError
from wearsynth.generators.mixture import FactoredMixture, fit_mixture, mixture_from
from wearsynth.generators.records import RecordShape
from wearsynth.representation import SignalForm, octaves

SHAPE = RecordShape(steps=12, folds=(1, 1, 2), classes=3)
LEVELS = [0, 5, 10]
"""Where the levels of the three traces stand among the numbers; scales lie between them."""

MEAN = np.array([0.5, -1.0, 2.0])
COVARIANCE = np.array([[1.0, 0.6, 0.0], [0.6, 0.8, -0.2], [0.0, -0.2, 0.3]])


def white_shapes(count: int, rng: np.random.Generator) -> FloatArray:
    """Real shapes of random signals, (record, channel, step)."""
    parts = []
    for fold, traces in ((1, 2), (2, 1)):
        form = SignalForm("x", 1.0, 12 * fold, ())
        series = np.cumsum(rng.normal(size=(count, form.time, traces)), axis=1)
        spectrum = dct(series, axis=1, norm="ortho")
        spectrum[:, 0] = 0
        for octave in octaves(form.time):
            spectrum[:, octave] /= np.sqrt((spectrum[:, octave] ** 2).mean(axis=1, keepdims=True))
        white = dct(spectrum, axis=1, norm="ortho", type=3)
        folded = white.reshape(count, 12, fold, traces).transpose(0, 3, 2, 1)
        parts.append(folded.reshape(count, traces * fold, 12))
    return np.concatenate(parts, axis=1, dtype=np.float32)


def records_of(levels: FloatArray, conditions: FloatArray | None = None) -> FloatArray:
    """Records with these levels (record, 3), scales of noise, and white shapes."""
    rng = np.random.default_rng(7)
    numbers = rng.normal(0, 0.3, (len(levels), SHAPE.numbers))
    numbers[:, LEVELS] = levels
    told = numbers if conditions is None else np.concatenate([numbers, conditions], axis=1)
    constant = np.broadcast_to(told[:, :, None], (*told.shape, SHAPE.steps))
    return np.concatenate([white_shapes(len(told), rng), constant], axis=1, dtype=np.float32)


def levels_of(records: FloatArray) -> FloatArray:
    return records[:, SHAPE.shapes :, 0][:, LEVELS]


def gaussian_records(count: int) -> FloatArray:
    rng = np.random.default_rng(3)
    return records_of(rng.multivariate_normal(MEAN, COVARIANCE, size=count).astype(np.float32))


def nothing(count: int) -> FloatArray:
    return np.zeros((count, 0), dtype=np.float32)


def drawn(mixture: FactoredMixture, label: IntArray, *, seed: int = 5) -> FloatArray:
    return mixture.sample(label, nothing(len(label)), np.random.default_rng(seed))


def test_mean_and_covariance_of_a_gaussian_come_back() -> None:
    records = gaussian_records(800)
    mixture = fit_mixture(records, np.zeros(800, dtype=np.int64), SHAPE, seed=0)
    sampled = drawn(mixture, np.zeros(4000, dtype=np.int64))
    numbers, given = sampled[:, SHAPE.shapes :, 0], records[:, SHAPE.shapes :, 0]
    np.testing.assert_allclose(numbers.mean(axis=0), given.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(np.cov(levels_of(sampled).T), np.cov(levels_of(records).T), atol=0.1)
    np.testing.assert_allclose(numbers.std(axis=0), given.std(axis=0), rtol=0.15)


def test_classes_keep_apart() -> None:
    levels = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    label = np.repeat([0, 2], 60)
    levels[label == 2] += 10
    sampled = drawn(fit_mixture(records_of(levels), label, SHAPE, seed=0), label[::-1])
    assert (levels_of(sampled)[:60] > 5).all()
    assert (levels_of(sampled)[60:] < 5).all()


def test_shapes_are_white_and_numbers_constant() -> None:
    mixture = fit_mixture(gaussian_records(90), np.zeros(90, dtype=np.int64), SHAPE, seed=0)
    sampled = drawn(mixture, np.zeros(40, dtype=np.int64))
    assert sampled.shape == (40, SHAPE.generated, SHAPE.steps)
    assert sampled.dtype == np.float32
    assert (np.ptp(sampled[:, SHAPE.shapes :], axis=2) == 0).all()
    of_fold_2 = sampled[:, 2:4].transpose(0, 2, 1).reshape(40, 1, 24)
    for series in (sampled[:, :2], of_fold_2):
        spectrum = dct(series.astype(np.float64), axis=2, norm="ortho")
        np.testing.assert_allclose(spectrum[:, :, 0], 0, atol=1e-4)
        for octave in octaves(series.shape[2]):
            rms = np.sqrt((spectrum[:, :, octave] ** 2).mean(axis=2))
            np.testing.assert_allclose(rms, 1, atol=1e-3)


def test_a_band_that_carries_the_power_does_so_in_samples() -> None:
    # one trace swings at coefficients 26 to 29 of 48 alone, in the lower part of a half octave
    shape = RecordShape(steps=48, folds=(1,), classes=1)
    rng = np.random.default_rng(0)
    spectrum = np.zeros((60, 1, 48))
    spectrum[:, :, 26:30] = rng.normal(size=(60, 1, 4))
    numbers = np.repeat(rng.normal(size=(60, shape.numbers, 1)), 48, axis=2)
    series = dct(spectrum, axis=2, norm="ortho", type=3)
    records = np.concatenate([series, numbers], axis=1, dtype=np.float32)
    mixture = fit_mixture(records, np.zeros(60, dtype=np.int64), shape, seed=0)
    power = dct(drawn(mixture, np.zeros(50, dtype=np.int64))[:, 0], axis=1, norm="ortho") ** 2
    assert octaves(48)[1] == slice(25, 37)
    assert power[:, 25:31].sum() > 0.9 * power[:, 25:37].sum()


def test_traces_that_go_together_do_so_in_samples() -> None:
    records = gaussian_records(100)
    records[:, 1] = -records[:, 0]
    mixture = fit_mixture(records, np.zeros(100, dtype=np.int64), SHAPE, seed=0)
    sampled = drawn(mixture, np.zeros(100, dtype=np.int64))
    assert np.corrcoef(sampled[:, 0].ravel(), sampled[:, 1].ravel())[0, 1] < -0.7


def test_same_seed_same_bytes() -> None:
    records, label = gaussian_records(130), np.zeros(130, dtype=np.int64)
    first, second = (drawn(fit_mixture(records, label, SHAPE, seed=4), label) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert (
        first.tobytes()
        != drawn(fit_mixture(records, label, SHAPE, seed=4), label, seed=6).tobytes()
    )


def test_weights_make_the_same_mixture_again() -> None:
    label = np.repeat([0, 2], 60)
    mixture = fit_mixture(gaussian_records(120), label, SHAPE, seed=0)
    again = mixture_from(SHAPE, mixture.weights())
    assert drawn(again, label).tobytes() == drawn(mixture, label).tobytes()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_windows_are_enough_and_are_not_given_back(count: int) -> None:
    records = gaussian_records(60 + count)
    label = np.where(np.arange(60 + count) < count, 1, 0)
    sampled = drawn(fit_mixture(records, label, SHAPE, seed=0), np.ones(30, dtype=np.int64))
    assert np.isfinite(sampled).all()
    apart = sampled[:, None, SHAPE.shapes :, 0] - records[None, :count, SHAPE.shapes :, 0]
    assert np.median(np.linalg.norm(apart, axis=2).min(axis=1)) > 0.2


def test_one_window_in_all_is_enough() -> None:
    mixture = fit_mixture(gaussian_records(1), np.zeros(1, dtype=np.int64), SHAPE, seed=0)
    sampled = drawn(mixture, np.zeros(20, dtype=np.int64))
    assert np.isfinite(sampled).all()
    assert (sampled[:, SHAPE.shapes :, 0].std(axis=0) > 0.1).all()


def test_equal_windows_are_enough() -> None:
    records = np.repeat(gaussian_records(1), 60, axis=0)
    mixture = fit_mixture(records, np.zeros(60, dtype=np.int64), SHAPE, seed=0)
    assert np.isfinite(drawn(mixture, np.zeros(20, dtype=np.int64))).all()


def test_conditions_move_the_numbers_they_moved() -> None:
    rng = np.random.default_rng(0)
    shape = RecordShape(SHAPE.steps, SHAPE.folds, SHAPE.classes, conditions=1)
    given = rng.normal(size=(400, 1)).astype(np.float32)
    label = np.arange(400) % 2
    levels = rng.normal(size=(400, 3)) * 0.3 + given * [2.0, 0.0, -1.0] + 5 * label[:, None]
    records = records_of(levels.astype(np.float32), given)
    mixture = fit_mixture(records, label, shape, seed=0)
    means = [
        mixture.sample(label, np.full((400, 1), told, dtype=np.float32), np.random.default_rng(1))[
            :, shape.shapes :, 0
        ].mean(axis=0)
        for told in (0, 1)
    ]
    expected = np.zeros(SHAPE.numbers)
    expected[LEVELS] = [2.0, 0.0, -1.0]
    np.testing.assert_allclose(means[1] - means[0], expected, atol=0.2)


def test_samples_are_no_nearer_to_windows_than_windows_are() -> None:
    records = gaussian_records(200).reshape(200, -1)
    label = np.zeros(200, dtype=np.int64)
    mixture = fit_mixture(records.reshape(200, -1, SHAPE.steps), label, SHAPE, seed=0)
    sampled = drawn(mixture, label).reshape(200, -1)
    near = np.linalg.norm(sampled[:, None] - records, axis=2).min(axis=1)
    among = np.linalg.norm(records[:, None] - records, axis=2) + 1e9 * np.eye(200)
    assert np.median(near) > 0.9 * np.median(among.min(axis=1))


def test_what_was_not_seen_is_refused() -> None:
    mixture = fit_mixture(gaussian_records(5), np.zeros(5, dtype=np.int64), SHAPE, seed=0)
    with pytest.raises(DataError, match="class number 1"):
        drawn(mixture, np.ones(2, dtype=np.int64))
    with pytest.raises(DataError, match="no windows"):
        fit_mixture(gaussian_records(5)[:0], np.zeros(0, dtype=np.int64), SHAPE, seed=0)
