"""Sentences for the gate's measurements: both scores, their difference and its confidence interval."""

from seqloom.evaluation.paired_bootstrap import PairedBootstrap
from seqloom.recipe.metric import KEPT_PLACES, Metric


def compared(metric: Metric, found: PairedBootstrap, other: str, limit: float = 0.0) -> str:
    """Return both scores on the same rows with the confidence interval of their difference.

    `other` names the second score, with {} for its value: `the champion's {}`. `limit` is what the difference exceeds.
    """
    scale = _scale(metric)
    digits = _digits(scale * found.difference, 0.0 if metric.unit == "plain" else limit)
    low, high = (f"{scale * end:+.{digits}f}" for end in (found.low, found.high))
    return f"{beside(metric, found.challenger, found.champion, other, limit)} (95 %: {low} to {high})"


def beside(metric: Metric, ours: float, theirs: float, other: str, limit: float = 0.0) -> str:
    """Return two values with enough digits to tell them apart, and their difference beside the limit.

    Such as `chrF 84.8 is 14.9 below the champion's 99.6`.
    """
    difference = _scale(metric) * (ours - theirs)
    if not round(difference, KEPT_PLACES):
        shown, same = metric.shown(ours), other.format(metric.shown(theirs))
        return f"{metric.label} {shown} equals {same}"
    digits = _digits(difference, 0.0 if metric.unit == "plain" else limit)
    shown, others = metric.shown(ours, digits), other.format(metric.shown(theirs, digits))
    points = " points" if metric.unit == "share" else ""
    where = "above" if difference > 0 else "below"
    share = _share(ours, theirs, limit) if metric.unit == "plain" and theirs else ""
    return f"{metric.label} {shown} is {abs(difference):.{digits}f}{points}{share} {where} {others}"


def _share(ours: float, theirs: float, limit: float) -> str:
    """Return the difference in percent, the unit of limits on unbounded scores."""
    percent = 100 * abs(ours - theirs) / abs(theirs)
    return f" ({percent:.{_digits(percent, limit)}f} %)"


def _digits(difference: float, limit: float) -> int:
    """Return the fewest digits that show the difference to be over the limit."""
    enough = (digits for digits in range(1, KEPT_PLACES + 1) if round(abs(difference), digits) > limit)
    return next(enough, KEPT_PLACES if limit else 1)


def _scale(metric: Metric) -> int:
    """Return the factor that turns shares into points of a hundred."""
    return 100 if metric.unit == "share" else 1
