"""A score as a mark on a strip: real people's mean and worst, and where the synthetic windows stand.

All strips share one scale, the excess: 0 is real people's mean, 1 their worst or one standard error.
"""

import math

from markupsafe import Markup

from wearsynth.evaluation.scores import Score

WIDTH, HEIGHT = 220.0, 26.0
LEAST, MOST = -3.0, 12.0
"""The excess at the strip's ends; a mark beyond stands at the end, with an arrow."""

EDGE = 8.0
OK, WEAK = 1.0, 3.0
TONES = ((OK, "good"), (WEAK, "fair"))


def tone_of(excess: float) -> str:
    """Give the tone of an excess: good up to 1, fair up to 3, then poor."""
    return next((tone for most, tone in TONES if excess <= most), "poor")


def place(excess: float) -> float:
    """Give where an excess stands: even near 0, ever closer together far from it."""
    inside = min(max(excess, LEAST), MOST)
    low, high = math.asinh(LEAST), math.asinh(MOST)
    return EDGE + (math.asinh(inside) - low) / (high - low) * (WIDTH - 2 * EDGE)


def strip(score: Score) -> Markup:
    """Give the strip as SVG, nothing where there is no reference to stand beside."""
    if score.excess is None or score.value is None or score.reference is None:
        return Markup("")
    parts = [_zones(), _reference(score), *_interval(score), _mark(score)]
    label = f"synthetic {score.value:.3g}; real people: mean {score.reference.mean:.3g}, worst "
    head = (
        f'<svg class="strip" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{label}{score.reference.worst:.3g}">'
    )
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - numbers and literals alone


def scale() -> Markup:
    """Give the strips' scale with its three words."""
    words = ((place(LEAST), place(OK), "ok"), (place(OK), place(WEAK), "weak"))
    parts = [_zones()]
    for low, high, word in (*words, (place(WEAK), place(MOST), "bad")):
        parts.append(f'<text class="mid" x="{(low + high) / 2:.1f}" y="17">{word}</text>')
    head = f'<svg class="strip" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - numbers and literals alone


def _zones() -> str:
    ends = (0.0, place(OK), place(WEAK), WIDTH)
    return "".join(
        f'<rect class="zone {tone}-zone" x="{low:.1f}" y="3" width="{high - low:.1f}" height="20"/>'
        for low, high, tone in zip(ends, ends[1:], ("good", "fair", "poor"), strict=False)
    )


def _per_unit(score: Score) -> float:
    """Give the excess of one unit of the figure; 0 where it cannot be told."""
    assert score.reference is not None and score.value is not None and score.excess is not None
    apart = score.value - score.reference.mean
    return score.excess / apart if abs(apart) > 1e-12 else 0.0


def _reference(score: Score) -> str:
    """Give a line at real people's mean and a bar to their worst."""
    assert score.reference is not None
    worst = (score.reference.worst - score.reference.mean) * _per_unit(score)
    low, high = sorted((place(0.0), place(worst)))
    return (
        f'<rect class="worst" x="{low:.1f}" y="10" width="{max(high - low, 0.5):.1f}" height="6"/>'
        f'<path class="mean" d="M{place(0.0):.1f} 5V21"/>'
    )


def _interval(score: Score) -> list[str]:
    if score.interval is None or score.interval_of != "value" or not _per_unit(score):
        return []
    assert score.reference is not None
    ends = [place((end - score.reference.mean) * _per_unit(score)) for end in score.interval]
    low, high = min(ends), max(ends)
    return [f'<path class="whisker" d="M{low:.1f} 13H{high:.1f}"/>']


def _mark(score: Score) -> str:
    """Give the synthetic windows' mark: round, turned or square by tone; an arrow beyond the end."""
    assert score.excess is not None
    x, tone = place(score.excess), tone_of(score.excess)
    if score.excess > MOST or score.excess < LEAST:
        way = 1 if score.excess > 0 else -1
        shape = f"M{x - 4 * way:.1f} 6.5l{9 * way} 6.5l{-9 * way} 6.5z"
    elif tone == "good":
        shape = f"M{x - 5:.1f} 13a5 5 0 1 0 10 0a5 5 0 1 0-10 0z"
    elif tone == "fair":
        shape = f"M{x:.1f} 6.5l6.5 6.5l-6.5 6.5l-6.5-6.5z"
    else:
        shape = f"M{x - 5:.1f} 8h10v10h-10z"
    return f'<path class="here {tone}-mark" d="{shape}"/>'
