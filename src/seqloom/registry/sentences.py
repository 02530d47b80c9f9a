"""What was measured for a rule of the gate, as a sentence: which figure, by how much it differs from which other."""

from seqloom.evaluation.comparing import Comparison
from seqloom.recipe.kinds.measure import Measure

MOST_DIGITS = 4  # that figures are kept with


def compared(metric: Measure, found: Comparison, other: str) -> str:
    """The challenger's figure beside one measured on the same rows, with the interval of their difference.

    `other` says whose that is, with a place for it: `the champion's {}`.
    """
    scale = _scale(metric)
    digits = _digits(scale * found.difference)
    low, high = (f"{scale * end:+.{digits}f}" for end in (found.low, found.high))
    return f"{beside(metric, found.challenger, found.champion, other)} (95 %: {low} to {high})"


def beside(metric: Measure, ours: float, theirs: float, other: str) -> str:
    """Two figures with as many digits as tell them apart: `chrF 84.8 is 14.9 below the champion's 99.6`."""
    difference = _scale(metric) * (ours - theirs)
    digits = _digits(difference)
    shown, others = metric.shown(ours, digits), other.format(metric.shown(theirs, digits))
    if not round(difference, MOST_DIGITS):
        return f"{metric.label} {shown} equals {others}"
    points = " points" if metric.unit == "share" else ""
    share = f" ({100 * abs(ours - theirs) / abs(theirs):.1f} %)" if metric.unit == "plain" and theirs else ""
    where = "above" if difference > 0 else "below"
    return f"{metric.label} {shown} is {abs(difference):.{digits}f}{points}{share} {where} {others}"


def _digits(difference: float) -> int:
    return next((digits for digits in range(1, MOST_DIGITS + 1) if round(difference, digits)), 1)


def _scale(metric: Measure) -> int:
    """Shares are told in points of a hundred."""
    return 100 if metric.unit == "share" else 1
