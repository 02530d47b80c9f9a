"""The gate's rules for slices of the test rows: a better version may still be worse on some, such as the old ones."""

from collections.abc import Collection, Iterator, Sequence

from seqloom.evaluation.paired_bootstrap import PairedBootstrap, SufficientStatistics, compare
from seqloom.evaluation.test_slices import Slice
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import RegistrySection
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_sentences import beside, compared

OLD_ROWS = "old rows"


def with_old_rows(
    slices: Sequence[Slice], source_names: Sequence[str], known: Collection[str], of_corpus_train: Collection[str]
) -> list[Slice]:
    """Return the slices with the old rows before them, where test rows are of old sources and of others.

    Old are those of the sources that the champion knew (`known`); where it knew all, those `of_corpus_train`. Both are
    names of sources, which the rows have in `source_names`.
    """
    old = _rows_of(known, source_names)
    if len(old) == len(source_names):
        old = _rows_of(of_corpus_train, source_names)
    if not 0 < len(old) < len(source_names):
        return list(slices)
    others = (part for part in slices if (part.by, part.rows) != ("source", old))
    return [Slice(OLD_ROWS, old, "old"), *others]


def _rows_of(names: Collection[str], source_names: Sequence[str]) -> list[int]:
    return [row for row, name in enumerate(source_names) if name in names]


def slice_findings(
    rules: RegistrySection,
    metric: Metric,
    champion: SufficientStatistics,
    challenger: SufficientStatistics,
    slices: Sequence[Slice],
    other: str,
) -> Iterator[Finding]:
    """Yield a finding on each slice: old rows are held to the tolerance of policy not-worse, others to their own.

    The tolerance of old rows is small beside the noise of few rows, and equally good versions would fail by chance: a
    difference beyond it fails if all of its 95 % interval is, and warns otherwise.
    `other` names the champion's score in sentences, with {} for its value.
    """
    _, worse = directions(metric)
    for part in slices:
        theirs, ours = champion.of(part.rows), challenger.of(part.rows)
        is_old, enough = part.by == "old", len(part.rows) >= rules.slice_rows
        tolerance = rules.tolerance if is_old else rules.slice_tolerance
        beyond, unsure = enough and metric.gain(theirs, ours) < -tolerance, False
        limit, exceeded = metric.limit(tolerance), tolerance if beyond else 0.0
        change, sentence, brief = metric.change(ours - theirs), beside(metric, ours, theirs, other, exceeded), ""
        if enough and part.by in ("old", "source"):
            found = compare(champion.only(part.rows), challenger.only(part.rows))
            change, sentence = _change(metric, found), compared(metric, found, other, exceeded)
            brief = f"{part.name.removeprefix('source ')}, {len(part.rows)} rows: {change}"
            unsure = is_old and beyond and _best_gain(metric, found) >= -tolerance
        where = "on the old rows" if is_old else f"in the slice {part.name}"
        told = f"{where} ({len(part.rows)} rows) {sentence}"
        told += f"; {limit} at most is allowed" if beyond else ""
        told += ", which may be chance" if unsure else ""
        rule = f"{metric.label} of {part.name} ({len(part.rows)} rows) not {worse} by over {limit}"
        passed = not beyond if enough and not unsure else None
        shown = metric.shown(theirs, 2), metric.shown(ours, 2)
        yield Finding(rule, *shown, change, passed, told, warns=unsure, brief=brief)


def _best_gain(metric: Metric, found: PairedBootstrap) -> float:
    """Return the better end of the gain's 95 % interval."""
    return max(metric.gain(found.champion, found.champion + end) for end in (found.low, found.high))


def directions(metric: Metric) -> tuple[str, str]:
    """Return the words for better and worse in the metric's direction."""
    return ("above", "below") if metric.rises else ("below", "above")


def _change(metric: Metric, found: PairedBootstrap) -> str:
    difference, low, high = (metric.change(value) for value in (found.difference, found.low, found.high))
    return f"{difference} ({low} to {high})"
