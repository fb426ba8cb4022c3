"""People whose recordings come in blocks, as writers take them: as long as they like, in constant memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wearsynth.data import Channel, FloatArray, Span


@dataclass(frozen=True, eq=False)
class Person:
    """One person's recording to be written.

    start_unix_s: UTC. spans: what is done when, without a gap. rates_hz and channels by signal. blocks: the
    signals piece by piece, (time, channel) each, one after the other; they can be gone through once.
    """

    name: str
    start_unix_s: float
    spans: tuple[Span, ...]
    rates_hz: Mapping[str, float]
    channels: Mapping[str, tuple[Channel, ...]]
    blocks: Iterator[Mapping[str, FloatArray]]

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return self.spans[-1].end_s
