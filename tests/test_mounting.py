import numpy as np
import pytest

from wearsynth.data import Channel, SignalWindows
from wearsynth.mounting import draw_rotations, has_axes, rotated, rotation_by

QUARTER_TURN = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])


def signal(values: object, *units: str) -> SignalWindows:
    channels = tuple(Channel(f"c{at}", unit) for at, unit in enumerate(units))
    return SignalWindows(np.asarray(values, np.float32), 2.0, channels)


def test_drawn_rotations_turn_and_never_mirror_or_stretch() -> None:
    turns = draw_rotations(50, np.random.default_rng(0))
    assert turns.shape == (50, 3, 3)
    squares = turns @ turns.transpose(0, 2, 1)
    np.testing.assert_allclose(squares, np.tile(np.eye(3), (50, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1.0, atol=1e-12)


def test_every_direction_and_every_turn_is_drawn_alike() -> None:
    turns = draw_rotations(20_000, np.random.default_rng(1))
    np.testing.assert_allclose(turns.mean(axis=0), 0, atol=0.02)
    # each column is uniform on the sphere: its coordinates are uniform in -1..1, of variance 1/3
    np.testing.assert_allclose((turns**2).mean(axis=0), 1 / 3, atol=0.02)
    np.testing.assert_allclose((turns**4).mean(axis=0), 1 / 5, atol=0.02)
    # the angle of a uniform rotation has E[trace^2] = 1 (a matrix that turns less has more)
    trace = np.trace(turns, axis1=1, axis2=2)
    assert (trace**2).mean() == pytest.approx(1.0, abs=0.05)


def test_the_same_seed_draws_the_same_rotations() -> None:
    first, again, other = (draw_rotations(4, np.random.default_rng(s)) for s in (2, 2, 3))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    ("degrees", "reading", "turned"),
    [
        ((0, 0, 90), (1, 0, 0), (0, 1, 0)),
        ((90, 0, 0), (0, 1, 0), (0, 0, 1)),
        ((0, 90, 0), (0, 0, 1), (1, 0, 0)),
        ((0, 0, -90), (1, 2, 3), (2, -1, 3)),
        ((90, 90, 0), (0, 1, 0), (1, 0, 0)),  # about x: to z; then about y: to x
        ((90, 0, 90), (0, 1, 0), (0, 0, 1)),  # about x: to z; then about z: stays
        ((0, 0, 30), (2, 0, 0), (3**0.5, 1, 0)),
        ((0, 360, 0), (1, 2, 3), (1, 2, 3)),
    ],
)
def test_turns_by_given_angles_by_hand(
    degrees: tuple[float, float, float],
    reading: tuple[float, ...],
    turned: tuple[float, ...],
) -> None:
    np.testing.assert_allclose(rotation_by(degrees) @ reading, turned, atol=1e-12)


def test_a_quarter_turn_by_hand() -> None:
    acc = signal([[[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]], "g", "g", "g")
    turned = rotated({"acc": acc}, QUARTER_TURN)["acc"]
    assert turned.values.tolist() == [[[-2.0, 1.0, 3.0], [-1.0, 0.0, 0.0]]]
    assert (turned.rate_hz, turned.channels) == (acc.rate_hz, acc.channels)


def test_each_window_has_its_own_rotation_and_lengths_are_kept() -> None:
    rng = np.random.default_rng(4)
    acc = signal(rng.normal(size=(5, 7, 3)), "m/s2", "m/s2", "m/s2")
    turns = draw_rotations(5, rng)
    values = rotated({"acc": acc}, turns)["acc"].values
    assert values.dtype == np.float32
    for window in range(5):
        np.testing.assert_allclose(values[window], acc.values[window] @ turns[window].T, atol=1e-5)
    lengths = [np.linalg.norm(of, axis=2) for of in (values, acc.values)]
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=1e-5)
    assert not np.allclose(values, acc.values, atol=0.1)


def test_acceleration_and_rotation_rate_turn_together_and_others_stay() -> None:
    rng = np.random.default_rng(5)
    acc = signal(rng.normal(size=(6, 8, 3)), "g", "g", "g")
    gyro = signal(rng.normal(size=(6, 4, 3)), "rad/s", "rad/s", "rad/s")
    temp = signal(rng.normal(33, 1, (6, 4, 1)), "degC")
    mixed = signal(rng.normal(size=(6, 4, 3)), "g", "g", "uS")
    two = signal(rng.normal(size=(6, 4, 2)), "g", "g")
    turns = draw_rotations(6, rng)
    signals = {"acc": acc, "gyro": gyro, "temp": temp, "mixed": mixed, "two": two}
    turned = rotated(signals, turns)
    assert list(turned) == list(signals)
    for name in ("temp", "mixed", "two"):
        assert turned[name] is signals[name]
    # what both tell of the body's axes is kept: the angle between them in each window
    before = np.einsum("wti,wti->wt", acc.values[:, :4], gyro.values)
    after = np.einsum("wti,wti->wt", turned["acc"].values[:, :4], turned["gyro"].values)
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert not np.allclose(turned["gyro"].values, gyro.values, atol=0.1)


def test_only_three_channels_of_one_unit_have_axes() -> None:
    assert has_axes(signal(np.zeros((1, 2, 3)), "g", "g", "g").channels)
    assert not has_axes(signal(np.zeros((1, 2, 3)), "g", "g", "uT").channels)
    assert not has_axes(signal(np.zeros((1, 2, 1)), "g").channels)
    assert not has_axes(signal(np.zeros((1, 2, 4)), "g", "g", "g", "g").channels)
