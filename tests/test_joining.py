"""Windows joined to endless signals: turns and fades by hand, and that no joint shows."""

from collections.abc import Callable
from itertools import islice, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from wearsynth.data import Channel, FloatArray, SignalWindows
from wearsynth.errors import DataError
from wearsynth.joining import POOL, Draw, faded, joined, rotations_to

Array = NDArray[np.float64]
RATE_HZ, READINGS = 30.0, 60
STEP = 2 * np.pi * 1.8 / RATE_HZ
"""Of a wave of 1.8 Hz, in radians a reading."""


def one_channel(values: Array, rate_hz: float = RATE_HZ, unit: str = "1") -> SignalWindows:
    """Windows (window, time) as a signal of one channel."""
    return SignalWindows(values[:, :, None].astype(np.float32), rate_hz, (Channel("x", unit),))


def axes(values: Array, unit: str = "g") -> SignalWindows:
    channels = tuple(Channel(name, unit) for name in ("x", "y", "z"))
    return SignalWindows(values.astype(np.float32), RATE_HZ, channels)


def signal(draw: Draw, pieces: int, *, steps: int = READINGS, name: str = "x") -> FloatArray:
    return np.concatenate([of[name] for of, _ in islice(joined(draw, steps=steps), pieces)])


def waves(count: int, number: int) -> dict[str, SignalWindows]:
    phase = np.random.default_rng(number).uniform(0, 2 * np.pi, (count, 1))
    return {"x": one_channel(np.sin(STEP * np.arange(READINGS) + phase))}


def directions(count: int, number: int) -> Array:
    """Unit vectors (count, 3), every direction alike."""
    drawn = np.random.default_rng(number).normal(size=(count, 3))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def still(count: int, number: int) -> dict[str, SignalWindows]:
    """Sensors at rest in any orientation, turning slowly about where gravity points."""
    down = directions(count, number)[:, None, :]
    noise = np.random.default_rng(1000 + number).normal(0, 0.005, (count, READINGS, 3))
    return {"x": axes(down + noise), "turn": axes(0.5 * down + noise, "rad/s")}


def angles(a: Array, b: Array) -> Array:
    cosine = (a * b).sum(axis=-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def test_a_quarter_turn_by_hand() -> None:
    # y goes to z, and with it z to -y; lengths do not matter
    turned = rotations_to(np.array([0.0, 0, 5]), np.array([[0.0, 2, 0]]), 0.1)
    np.testing.assert_allclose(turned[0], [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("direction", "vector"),
    [
        ([0.0, 0, 1], [0.0, 0, 0.7]),  # the same direction
        ([0.0, 0, 1], [0.0, 0.29, 0]),  # a vector that is too short
        ([0.0, 0, 0.29], [0.0, 1, 0]),  # a direction that is too short
        ([0.0, 0, 1], [0.0, 0, -1]),  # opposite
        ([0.0, 0, 1], [np.sqrt(1 - 0.91**2), 0, -0.91]),  # nearly opposite
    ],
)
def test_no_turn(direction: list[float], vector: list[float]) -> None:
    turned = rotations_to(np.array(direction), np.array([vector]), 0.3)
    np.testing.assert_array_equal(turned, np.eye(3)[None])


def test_turns_are_the_least_that_bring_vectors_to_the_direction() -> None:
    direction = np.array([0.3, -0.5, 0.8])
    vectors = 2 * directions(300, 0)
    angle = angles(vectors, direction)
    vectors, angle = vectors[angle < 150], angle[angle < 150]  # cosines above -0.9
    assert angle.max() > 145
    turns = rotations_to(direction, vectors, 0.3)
    brought = np.einsum("nij,nj->ni", turns, vectors)
    aim = np.broadcast_to(2 * direction / np.linalg.norm(direction), vectors.shape)
    np.testing.assert_allclose(brought, aim, atol=1e-12)
    identity = np.broadcast_to(np.eye(3), turns.shape)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), identity, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1)
    # a rotation by an angle has the trace 1 + 2 cos: no further turn about the direction itself
    trace = np.trace(turns, axis1=1, axis2=2)
    np.testing.assert_allclose(trace, 1 + 2 * np.cos(np.radians(angle)), atol=1e-9)


def test_what_is_equal_fades_to_itself() -> None:
    same = np.random.default_rng(0).normal(3, 1, (12, 3))
    np.testing.assert_allclose(faded(same, same), same, rtol=1e-9)


def test_levels_fade_in_even_steps() -> None:
    before, after = np.full((3, 1), 1.0), np.full((3, 1), 5.0)
    assert faded(before, after)[:, 0].tolist() == [2.0, 3.0, 4.0]


def test_noise_keeps_its_power_where_plain_weights_lose_it() -> None:
    before, after = np.random.default_rng(0).normal(size=(2, 48, 4000))
    weight = ((np.arange(48) + 1) / 49)[:, None]
    middle = slice(18, 30)
    plain = ((1 - weight) * before + weight * after)[middle].std()
    assert plain == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert faded(before, after)[middle].std() == pytest.approx(1, abs=0.06)
    assert faded(before, after).std() == pytest.approx(1, abs=0.05)


def test_a_fade_begins_with_one_and_ends_with_the_other() -> None:
    before, after = np.random.default_rng(0).normal(size=(2, 40, 500))
    made = faded(before, after)
    apart = np.abs(before - after).mean()
    for end, near, far in ((0, before, after), (-1, after, before)):
        assert np.abs(made[end] - near[end]).mean() < 0.1 * apart
        assert np.abs(made[end] - far[end]).mean() > 0.9 * apart


def numbered(drawn: list[tuple[int, int]]) -> Draw:
    """Windows that tell who they are: their number times t^2, and t^3, at 8 and at 24 Hz.

    A line added to them leaves both powers' coefficients as they are, and so does fading later.
    """

    def draw(count: int, number: int) -> dict[str, SignalWindows]:
        first = sum(of for _, of in drawn)
        drawn.append((number, count))
        signals = {}
        for name, rate_hz in (("slow", 8.0), ("fast", 24.0)):
            t = np.arange(2 * rate_hz) / rate_hz
            square = np.arange(first, first + count)[:, None] * t**2
            values = np.stack([square, np.broadcast_to(t**3, square.shape)], axis=2)
            channels = (Channel("number", "1"), Channel("place", "1"))
            signals[name] = SignalWindows(values.astype(np.float32), rate_hz, channels)
        return signals

    return draw


def who_and_where(values: FloatArray, rate_hz: float) -> tuple[float, float]:
    """Give a piece's window by number, and the place in it in seconds, of its first reading."""
    t = np.arange(len(values)) / rate_hz
    number = np.polyfit(t, values[:, 0].astype(np.float64), 2)[0]
    return float(number), float(np.polyfit(t, values[:, 1].astype(np.float64), 3)[1] / 3)


def test_pieces_follow_each_other_and_signals_keep_step() -> None:
    drawn: list[tuple[int, int]] = []
    overlap_s, length = 3 / 8, {"slow": 0, "fast": 0}
    used: list[int] = []
    for pieces, joint in islice(joined(numbered(drawn), steps=16), 700):
        length = {name: length[name] + len(values) for name, values in pieces.items()}
        assert dict(joint.at) == length
        assert length["fast"] == 3 * length["slow"]
        first = round(overlap_s * 8) if used else 0  # the overlap is of two windows
        slow, fast = pieces["slow"][first:], pieces["fast"][3 * first :]
        (number, place), other = who_and_where(slow, 8.0), who_and_where(fast, 24.0)
        assert other == pytest.approx((number, place), abs=0.05)
        assert place + len(slow) / 8 == pytest.approx(2 - overlap_s, abs=0.01)
        used.append(round(number))
    assert len(set(used)) == 700  # no window twice
    assert max(used) >= POOL  # others than those of the first draw too
    assert [number for number, _ in drawn] == list(range(len(drawn)))
    assert [count for _, count in drawn] == [POOL] + [POOL // 2] * (len(drawn) - 1)
    assert len(drawn) == 3  # when 257 and 513 windows are used


def test_waves_are_joined_in_phase() -> None:
    made = signal(waves, 200)[:, 0]
    naive = waves(200, 0)["x"].values.reshape(-1)
    inside = np.abs(np.diff(waves(200, 0)["x"].values[:, :, 0], axis=1)).max()
    assert np.abs(np.diff(made)).max() < 1.15 * inside
    assert np.abs(np.diff(naive)).max() > 4 * inside

    def off_the_wave(x: FloatArray) -> float:
        # x(t + 1) + x(t - 1) = 2 cos(step) x(t) holds for every sine of this frequency
        return float(np.abs(x[2:] + x[:-2] - 2 * np.cos(STEP) * x[1:-1]).max())

    assert off_the_wave(made) < 0.1
    assert off_the_wave(naive) > 1


def test_gravity_keeps_its_direction() -> None:
    pieces = [of for of, _ in islice(joined(still, steps=READINGS), 60)]
    down = np.array([of["x"].mean(axis=0) for of in pieces])
    naive = still(60, 0)["x"].values.mean(axis=1)
    assert np.median([angles(a, b) for a, b in pairwise(naive.astype(np.float64))]) > 60
    assert angles(down[1:], down[:-1]).max() < 0.6
    assert angles(down, down[0]).max() < 4.0
    length = np.linalg.norm(np.concatenate([of["x"] for of in pieces]), axis=1)
    assert np.abs(length - 1).max() < 0.04
    # what else the sensor feels turns with it
    turn = np.array([of["turn"].mean(axis=0) for of in pieces])
    assert angles(turn, down).max() < 3.0


def constants(readings: int) -> Callable[[int, int], dict[str, SignalWindows]]:
    def draw(count: int, number: int) -> dict[str, SignalWindows]:
        levels = np.random.default_rng(number).normal(size=(count, 1))
        return {"x": one_channel(np.repeat(levels, readings, axis=1), rate_hz=1.0)}

    return draw


@pytest.mark.parametrize(("readings", "new"), [(3, 1), (4, 2), (5, 3)])
def test_two_readings_overlap_where_windows_are_short(readings: int, new: int) -> None:
    found = list(islice(joined(constants(readings), steps=readings), 300))
    lengths = [len(of["x"]) for of, _ in found]
    assert lengths[0] == new
    assert set(lengths) <= {new, new - 1} - {0}
    made = np.concatenate([of["x"] for of, _ in found])[:, 0]
    naive = constants(readings)(300, 0)["x"].values.reshape(-1)
    assert np.abs(np.diff(made)).max() < 0.5 * np.abs(np.diff(naive)).max()


def test_windows_without_anything_but_an_overlap_are_refused() -> None:
    with pytest.raises(DataError, match=r"of 2 step\(s\) on the clock .* 3 are needed"):
        next(joined(constants(2), steps=2))
