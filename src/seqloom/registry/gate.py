"""The promotion gate's rules, each with its measurement and verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from seqloom.evaluation.paired_bootstrap import PairedBootstrap, SufficientStatistics, compare
from seqloom.evaluation.test_slices import Slice
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.metric import KEPT_PLACES, Metric
from seqloom.recipe.schema import Recipe, RegistrySection
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_sentences import beside, compared
from seqloom.registry.gate_slices import directions, slice_findings
from seqloom.registry.latency_measurement import Latency
from seqloom.registry.smoke_test import Smoke

TIE = "a tie at the top: no figure is better"
"""Nobody can be above the best there is, and to reach it is no reason to be refused."""
THE_CHAMPIONS, ITSELF = "the champion's {}", "the {} of the version itself"


@dataclass(frozen=True)
class Verdict:
    """All findings about one version."""

    name: str
    version: int
    champion: int | None  # the version it was compared with
    findings: list[Finding]
    rows: int = 0  # of the test split
    decoding: dict[str, Any] = field(default_factory=dict)  # of both
    seconds: float = 0.0  # it took
    backend: str = ""  # of the version; then it was compared with the version as it was trained, and no champion
    key: str = ""  # what it was judged by: the version, the rules and the rows
    run_id: str = ""  # of the version: MLflow gives the number of a deleted one again
    champion_run_id: str = ""
    metric: str = ""  # that it was judged by, and
    best: int | None = None  # by that the best champion so far, should this version become champion

    @property
    def passed(self) -> bool:
        """Return whether all rules hold."""
        return all(finding.passed is not False for finding in self.findings)

    @property
    def failures(self) -> list[str]:
        """Return a sentence for each rule that fails."""
        return [finding.told for finding in self.findings if finding.passed is False]

    @property
    def warnings(self) -> list[str]:
        """Return a sentence for each finding that needs attention without failing."""
        return [finding.told for finding in self.findings if finding.warns]

    @property
    def why(self) -> str:
        """Return the first failure in one line, or the gain; and the differences on old rows and those of sources."""
        parts = [] if self.backend else [finding.brief for finding in self.findings if finding.brief]
        return "; ".join([self._outcome, *parts])

    @property
    def _outcome(self) -> str:
        if self.failures:
            first, *others = self.failures
            more = "1 more rule fails" if len(others) == 1 else f"{len(others)} more rules fail"
            return f"{first}; {more}" if others else first
        if self.champion is None and not self.backend:
            return "the first to hold all rules"
        return "holds all rules: " + next(each.told for each in self.findings if each.champion and each.passed)

    def as_json(self) -> dict[str, Any]:
        """Return every field and the verdict."""
        return {"passed": self.passed, "why": self.why, **asdict(self)}


@dataclass(frozen=True)
class Contender:
    """Scores per row, latency and size of one version."""

    version: int
    counts: SufficientStatistics
    latency: Latency
    megabytes: float


def judge(
    recipe: Recipe,
    smoke: Smoke,
    challenger: Contender,
    champion: Contender | None,
    baselines: Mapping[str, float],
    slices: Sequence[Slice],
    rolled_back: str,
    best: Contender | None = None,
    score: float | None = None,
) -> list[Finding]:
    """Apply every rule of the registry section, in the order in which people read them.

    `best` is the best champion so far, where that is another than the champion; `score` is the challenger's on the rows
    of the baselines, where these are more than the ones compared.
    """
    rules, metric = recipe.registry, metric_of_recipe(recipe)
    findings = [_smoke(smoke)]
    if champion:
        found = compare(champion.counts, challenger.counts)
        findings.append(_against_champion(rules, metric, found, champion.version))
    if best:
        where = f"{directions(metric)[1]} the best champion so far, version {best.version},"
        other = f"the {{}} of version {best.version}, the best champion so far"
        findings.append(_not_worse(rules, metric, where, compare(best.counts, challenger.counts), other))
    names = application_of(recipe.task).baselines
    figures = {names[name]: figure for name, figure in baselines.items()}
    ours = challenger.counts.value if score is None else score
    findings += _against_baselines(rules, metric, ours, figures)
    if champion:
        findings += slice_findings(rules, metric, champion.counts, challenger.counts, slices, THE_CHAMPIONS)
    findings += _budgets(rules, challenger, champion, "the champion")
    if rolled_back:
        told = f"it was rolled back by hand ({rolled_back}), and nobody has promoted it since"
        findings.append(Finding("was not rolled back", challenger=rolled_back, passed=False, told=told))
    return findings


def judge_backend(
    recipe: Recipe, smoke: Smoke, itself: Contender, backend: Contender, slices: Sequence[Slice]
) -> list[Finding]:
    """Apply the same rules to an exported backend, which has to be no worse than the version itself."""
    rules, metric = recipe.registry, metric_of_recipe(recipe)
    _, worse = directions(metric)
    return [
        _smoke(smoke),
        _not_worse(rules, metric, f"{worse} the version itself", compare(itself.counts, backend.counts), ITSELF),
        *slice_findings(rules, metric, itself.counts, backend.counts, slices, ITSELF),
        *_budgets(rules, backend, itself, "the version itself"),
    ]


def unanswered(smoke: Smoke) -> list[Finding]:
    """Return the verdict on a version that does not load: nothing else can be measured."""
    return [_smoke(smoke)]


def _smoke(smoke: Smoke) -> Finding:
    where = "in a fresh process without a GPU"
    told = f"it answers {where}: {smoke.told}" if smoke.passed else f"it does not answer {where}: {smoke.told}"
    return Finding(f"answers {where}", challenger=smoke.told, passed=smoke.passed, told=told)


def _against_champion(rules: RegistrySection, metric: Metric, found: PairedBootstrap, champion: int) -> Finding:
    better, worse = directions(metric)
    if rules.policy == "not-worse":
        return _not_worse(rules, metric, f"{worse} the champion", found, THE_CHAMPIONS, f"version {champion}'s {{}}")
    gain, significant = metric.gain(found.champion, found.challenger), found.p_value <= rules.significance
    finding = _compared(
        metric,
        f"{metric.label} {better} the champion, p at most {rules.significance:g}",
        found,
        passed=gain > 0 and significant,
        # Who is champion when this is read may be another: what was beaten is told by its number.
        other=f"version {champion}'s {{}}" if gain > 0 and significant else THE_CHAMPIONS,
    )
    if metric.is_best(found.champion) and metric.is_best(found.challenger):
        told = f"{TIE}, and version {champion} has it, too"
        return replace(finding, difference=TIE, passed=True, told=told)
    if gain > 0 and not significant:
        chance = f", which may be chance: p = {found.p_value:.3f}, and at most {rules.significance:g} is asked"
        return replace(finding, told=finding.told + chance)
    return finding


def _not_worse(
    rules: RegistrySection, metric: Metric, where: str, found: PairedBootstrap, other: str, passed_by: str = ""
) -> Finding:
    """Judge that a score is within tolerance of another, which `other` and `passed_by` name in sentences."""
    passed = metric.gain(found.champion, found.challenger) >= -rules.tolerance
    limit = metric.limit(rules.tolerance)
    rule = f"{metric.label} {where} by {limit} at most"
    finding = _compared(metric, rule, found, passed, passed_by if passed and passed_by else other)
    if passed:
        return finding
    told = compared(metric, found, other, rules.tolerance)
    return replace(finding, told=f"{told}; {limit} at most is allowed")


def _compared(metric: Metric, rule: str, found: PairedBootstrap, passed: bool, other: str) -> Finding:
    change, low, high = (metric.change(value) for value in (found.difference, found.low, found.high))
    difference = f"{change} ({low} to {high}), p = {found.p_value:.3f}"
    told = compared(metric, found, other)
    return Finding(rule, metric.shown(found.champion, 2), metric.shown(found.challenger, 2), difference, passed, told)


def _against_baselines(
    rules: RegistrySection, metric: Metric, ours: float, baselines: Mapping[str, float]
) -> Iterator[Finding]:
    better, _ = directions(metric)
    ours = round(ours, KEPT_PLACES)  # as a baseline's is kept, or one that is equal could be above
    for name, figure in baselines.items():
        tie = metric.is_best(figure) and metric.is_best(ours)
        passed = tie or metric.gain(figure, ours) > 0 if rules.beat_baselines else None
        rule = f"{metric.label} {better} the {name} ({metric.shown(figure, 2)})"
        told = TIE if tie else beside(metric, ours, figure, f"the {{}} of the {name}")
        yield Finding(rule, "", metric.shown(ours, 2), TIE if tie else metric.change(ours - figure), passed, told)


def _budgets(
    rules: RegistrySection, challenger: Contender, champion: Contender | None, whose: str
) -> Iterator[Finding]:
    yield _latency(rules.latency_p95, challenger.latency, champion.latency if champion else None, whose)
    rule, limit, ours = "size of the version", rules.megabytes, challenger.megabytes
    yield Finding(
        f"{rule}: {limit:g} MB at most" if limit else rule,
        f"{champion.megabytes:.1f} MB" if champion else "",
        f"{ours:.1f} MB",
        f"{ours - champion.megabytes:+.1f} MB" if champion else "",
        ours <= limit if limit else None,
        f"the version has {ours:.1f} MB" + (f"; {limit:g} MB at most is allowed" if limit else ""),
    )


@dataclass(frozen=True)
class _ShareRule:
    """A share of the evaluation that a recipe can ask for."""

    field: str  # of the registry section, and metric
    rule: str
    told: str
    not_measured: str


_SHARE_RULES = (
    _ShareRule(
        "robustness",
        "robustness: {} of the score at least",
        "{:.1%} of the score is kept under perturbations",
        "robustness was not measured: give more test rows, or raise evaluation.robustness_rows",
    ),
    _ShareRule(
        "bertscore",
        "BERTScore: {} at least",
        "BERTScore is {:.1%}",
        "BERTScore was not measured: set evaluation.bertscore_model",
    ),
    _ShareRule(
        "terms_honored",
        "terms of the glossary: {} honored at least",
        "{:.1%} of the glossary's terms in the test rows are honored",
        "terms were not counted: decoding.glossary is empty, or no test row has one of its terms",
    ),
    _ShareRule(
        "carried_over",
        "protected text: carried over in {} of the rows that have some at least",
        "{:.1%} of the test rows with protected text carry it over without being put together from parts",
        "protected text was not counted: decoding.protect is empty, or no test row has such text",
    ),
)


def share_findings(rules: RegistrySection, metrics: Mapping[str, float]) -> Iterator[Finding]:
    """Yield a finding on each share that the recipe has a rule for; one that was not measured is not judged."""
    for each in _SHARE_RULES:
        least = getattr(rules, each.field)
        if not least:
            continue
        asked = f"{100 * least:g}%"  # as the recipe has it: 91.5% is not told as 92%
        rule, share = each.rule.format(asked), metrics.get(f"test/{each.field}")
        if share is None:
            yield Finding(rule, challenger="not measured", passed=None, told=each.not_measured, warns=True)
        else:
            told = f"{each.told.format(share)}; {asked} at least is asked"
            yield Finding(rule, challenger=f"{share:.1%}", passed=share >= least, told=told)


def exposure_findings(rules: RegistrySection, metrics: Mapping[str, float]) -> Iterator[Finding]:
    """Yield a finding on the exposure of canaries, if the recipe limits it."""
    most, found = rules.exposure, metrics.get("test/exposure")
    rule = f"canaries in the training text: exposure of {most:g} bits on average at most"
    if most and found is None:
        told = "exposure was not measured: the training text has no canaries, set corpus.canaries"
        yield Finding(rule, challenger="not measured", passed=None, told=told, warns=True)
    elif most:
        assert found is not None
        told = f"canaries in the training text have an exposure of {found:.1f} bits; {most:g} at most is allowed"
        yield Finding(rule, challenger=f"{found:.1f} bits", passed=found <= most, told=told)


def _latency(limit: float, ours: Latency, theirs: Latency | None, whose: str) -> Finding:
    """Judge the latency budget; one inside the range of the measurements warns, for noise decides it."""
    rule = "one text, 95 of 100 times"
    told = f"one text takes {ours.told}, 95 of 100 times"
    told += f", where {whose} takes {theirs.told}" if theirs else ""
    unsure = bool(limit) and ours.low <= limit < ours.high
    if limit:
        told += f"; {limit:g} ms at most is allowed" + (", which noise decides here" if unsure else "")
    return Finding(
        f"{rule}: {limit:g} ms at most" if limit else rule,
        theirs.told if theirs else "",
        ours.told,
        f"{ours.p95 - theirs.p95:+.1f} ms ({ours.p95 / theirs.p95:.2f} times)" if theirs else "",
        ours.high <= limit if limit and not unsure else None,
        told,
        warns=unsure,
    )
