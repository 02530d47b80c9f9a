"""The rules, one at a time: each can refuse a challenger, and only by what it says."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.label_metrics import counts_of
from seqloom.evaluation.paired_bootstrap import PairedBootstrap, SufficientStatistics, count, mean_of
from seqloom.evaluation.test_slices import Slice
from seqloom.recipe.applications import APPLICATIONS
from seqloom.recipe.metric import KEPT_PLACES, Metric
from seqloom.recipe.schema import Recipe, RegistrySection
from seqloom.registry import evidence
from seqloom.registry.gate import TIE, Contender, Verdict, _against_champion, judge, judge_backend
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_sentences import beside
from seqloom.registry.latency_measurement import Latency
from seqloom.registry.smoke_test import Smoke
from tests.registry.tiny import recipe_named

REFERENCES = [f"das kleine Haus Nummer {n} steht am Ende der Straße" for n in range(60)]
GOOD = [text.replace("kleine", "rote") if n % 3 else text for n, text in enumerate(REFERENCES)]
BETTER = [text.replace("kleine", "rote") if n % 3 == 1 else text for n, text in enumerate(REFERENCES)]
SLIGHTLY_WORSE = [GOOD[0].replace("Haus", "Heim"), *GOOD[1:]]
LATE = [text if n < 30 else "nichts" for n, text in enumerate(REFERENCES)]  # perfect, then nothing
HALVES = [Slice("first half", list(range(30)), "place"), Slice("second half", list(range(30, 60)), "place")]
ANSWERS = Smoke(True, "'a' → 'b'")


def contender(texts: list[str], version: int = 1, latency: float = 10.0, megabytes: float = 1.0) -> Contender:
    return Contender(version, count("chrf", texts, REFERENCES, "de"), steady(latency), megabytes)


def steady(milliseconds: float) -> Latency:
    return Latency(*[milliseconds] * 4)


def verdict(
    ours: Contender,
    champion: Contender | None = None,
    smoke: Smoke = ANSWERS,
    baselines: dict[str, float] | None = None,
    rolled_back: str = "",
    **rules: Any,
) -> Verdict:
    recipe: Recipe = recipe_named("judged", registry=rules)
    measured = {"nearest": 30.0, "copy": 5.0} if baselines is None else baselines
    findings = judge(recipe, smoke, ours, champion, measured, HALVES, rolled_back)
    return Verdict("judged", 2, champion and champion.version, findings, 60)


def failed(found: Verdict) -> list[str]:
    assert found.passed == (not [finding for finding in found.findings if finding.passed is False])
    return [finding.rule for finding in found.findings if finding.passed is False]


CHAMPION = contender(GOOD)


def test_the_first_needs_no_champion_to_beat() -> None:
    found = verdict(contender(GOOD))
    assert found.passed
    assert found.why == "the first to hold all rules"
    assert not [finding for finding in found.findings if finding.champion]


@pytest.mark.parametrize(
    ("texts", "rules", "refused_by"),
    [
        pytest.param(BETTER, {}, None, id="better"),
        pytest.param(GOOD, {}, "chrF above the champion", id="the same"),
        pytest.param(SLIGHTLY_WORSE, {}, "chrF above the champion", id="worse"),
        pytest.param(GOOD, {"policy": "not-worse"}, None, id="the same is not worse"),
        pytest.param(SLIGHTLY_WORSE, {"policy": "not-worse", "tolerance": 1}, None, id="tolerably worse"),
        pytest.param(
            SLIGHTLY_WORSE, {"policy": "not-worse", "tolerance": 0}, "below the champion by 0", id="worse by 0"
        ),
        pytest.param(BETTER, {"significance": 0.0005}, "p at most 0.0005", id="no bootstrap is so sure"),
        pytest.param(LATE, {"policy": "not-worse", "tolerance": 100}, "second half", id="bad in a slice"),
        pytest.param(
            LATE, {"policy": "not-worse", "tolerance": 100, "slice_tolerance": 100}, None, id="a slice may be bad"
        ),
        pytest.param(
            LATE, {"policy": "not-worse", "tolerance": 100, "slice_rows": 31}, None, id="a slice too small to judge"
        ),
    ],
)
def test_against_the_champion(texts: list[str], rules: dict[str, Any], refused_by: str | None) -> None:
    found = verdict(contender(texts, 2), CHAMPION, **rules)
    if refused_by is None:
        assert found.passed
        assert found.why.startswith("holds all rules: ")
    else:
        [rule] = failed(found)
        assert refused_by in rule
        assert not found.why.startswith(rule), "a rule that was broken is not told as if it held"


@pytest.mark.parametrize(
    ("baselines", "rules", "refused_by"),
    [
        ({"nearest": 99.9, "copy": 5.0}, {}, ["chrF above the nearest training source (99.90)"]),
        ({"nearest": 5.0, "copy": 99.9}, {}, ["chrF above the copied source (99.90)"]),
        ({"nearest": 99.9, "copy": 99.9}, {"beat_baselines": False}, []),
    ],
)
def test_against_the_baselines(baselines: dict[str, float], rules: dict[str, Any], refused_by: list[str]) -> None:
    assert failed(verdict(contender(GOOD), baselines=baselines, **rules)) == refused_by


def test_an_equal_baseline_is_equal_as_it_is_kept() -> None:
    for texts in (GOOD, SLIGHTLY_WORSE, LATE, BETTER):
        ours = contender(texts)
        kept = round(ours.counts.value, KEPT_PLACES)
        [told] = [
            f.told for f in verdict(ours, baselines={"nearest": kept, "copy": -1.0}).findings if "nearest" in f.rule
        ]
        assert "equals" in told


@pytest.mark.parametrize(
    ("ours", "baseline", "passed"),
    [
        (REFERENCES, 100.0, True),
        (REFERENCES, 99.99996, True),  # of four places all are the top
        (REFERENCES, 99.9, True),
        (GOOD, 100.0, False),
        (GOOD, CHAMPION.counts.value, False),  # a tie anywhere else
    ],
)
def test_a_tie_at_the_top_is_enough_and_is_told(ours: list[str], baseline: float, passed: bool) -> None:
    found = verdict(contender(ours), baselines={"nearest": baseline, "copy": -1.0})
    assert found.passed is passed
    told = [finding.difference for finding in found.findings if "nearest" in finding.rule]
    assert (told == [TIE]) is (passed and baseline > 99.99)


def test_a_perfect_champion_gives_its_place_to_a_perfect_challenger() -> None:
    perfect = contender(REFERENCES)
    found = verdict(contender(REFERENCES, 2), perfect)
    assert found.passed
    assert found.why == f"holds all rules: {TIE}, and version 1 has it, too"
    assert failed(verdict(contender(GOOD, 2), perfect))


MEASURES = {(kind.name, measure.name): measure for kind in APPLICATIONS.values() for measure in kind.metrics}


@pytest.mark.parametrize(("kind", "name"), MEASURES)
def test_nothing_is_better_than_the_best(kind: str, name: str) -> None:
    measure = MEASURES[kind, name]
    assert measure.is_best(measure.best)
    worse = measure.best * (0.99 if measure.rises else 1.01) + (0 if measure.rises or measure.best else 0.01)
    assert measure.gain(measure.best, worse) < 0
    assert not measure.is_best(worse)


def test_not_worse_than_the_last_is_not_enough_below_the_best_so_far() -> None:
    best, recipe = contender(BETTER, 1), recipe_named("sinking", registry={"policy": "not-worse", "tolerance": 1.0})
    slightly = contender(SLIGHTLY_WORSE, 3)
    findings = judge(recipe, ANSWERS, slightly, contender(GOOD, 2), {}, [], "", best)
    by_rule = {finding.rule: finding.passed for finding in findings if finding.champion}
    assert by_rule == {
        "chrF below the champion by 1 at most": True,
        "chrF below the best champion so far, version 1, by 1 at most": False,
        "one text, 95 of 100 times": None,
        "size of the version": None,
    }


@pytest.mark.parametrize(
    ("rules", "refused_by"),
    [
        ({}, []),
        ({"latency_p95": 10}, []),
        ({"latency_p95": 9.9}, ["one text, 95 of 100 times: 9.9 ms at most"]),
        ({"megabytes": 1}, []),
        ({"megabytes": 0.9}, ["size of the version: 0.9 MB at most"]),
    ],
)
def test_budgets(rules: dict[str, Any], refused_by: list[str]) -> None:
    assert failed(verdict(contender(GOOD), **rules)) == refused_by


@pytest.mark.parametrize(
    ("limit", "verdict_told"),
    [(8.9, "fails"), (9.0, "warns"), (10.0, "warns"), (14.9, "warns"), (15.0, "holds"), (0.0, "not judged")],
)
def test_a_budget_that_noise_decides_warns(limit: float, verdict_told: str) -> None:
    noisy = replace(contender(GOOD), latency=Latency(5.0, 10.0, 9.0, 15.0))
    found = verdict(noisy, latency_p95=limit)
    [latency] = [finding for finding in found.findings if finding.rule.startswith("one text")]
    assert latency.verdict == verdict_told
    assert found.passed is (verdict_told != "fails")
    told = "one text takes 10.0 ms (9.0 to 15.0), 95 of 100 times"
    assert latency.told.startswith(told)
    page = evidence.markdown(found)
    assert (f"- warning: {told}" in page) is (verdict_told == "warns") is bool(found.warnings)


def test_one_that_does_not_answer_or_was_rolled_back() -> None:
    assert failed(verdict(contender(GOOD), smoke=Smoke(False, "ImportError: x"))) == [
        "answers in a fresh process without a GPU"
    ]
    assert failed(verdict(contender(GOOD), rolled_back="2026-11-24: rude")) == ["was not rolled back"]


def test_the_evidence_tells_everything() -> None:
    found = verdict(contender(BETTER, 2), CHAMPION, latency_p95=5)
    rows = evidence.table(found)
    assert len(rows) == len(found.findings)
    page = evidence.markdown(found)
    assert page.startswith("# judged, version 2: is refused\n")
    assert [*rows[0]][:3] == ["verdict", "rule", "difference (95 % interval)"], "what decides is on the screen"
    assert "the champion, version 1, on the same 60 test rows" in page
    for row in rows:
        assert all(str(cell) in page for cell in row.values())
    html = evidence.html(page, "judged")
    assert html.count("<tr>") == len(rows) + 1
    assert found.as_json()["passed"] is False


def test_no_text_of_a_corpus_is_markup() -> None:
    strange = Finding("answers", challenger="'<script>alert(1)</script> | x' →\n 'y'")
    page = evidence.markdown(Verdict("a", 1, None, [strange], 1))
    html = evidence.html(page, "<b>")
    assert "<script>" not in html
    assert "<title>&lt;b&gt;" in html
    assert html.count("<td>") == 4


def test_a_narrow_window_tells_every_rule_in_a_sentence() -> None:
    found = Verdict("judged", 2, 1, judged(latency_p95=11.0), 60)
    told = evidence.in_sentences(replace(found, findings=[*found.findings, Finding("answers", told="w" * 500)]))
    lines = [line for line in told.splitlines() if line.startswith("- **")]
    assert "|" not in told, "the columns of a table that decide would be out of the window"
    assert [line.split("**")[1] for line in lines] == [finding.verdict for finding in found.findings] + ["holds"]
    assert "is 2.2 above version 1's 50.0" in told
    assert max(map(len, lines)) < 250


@pytest.mark.parametrize("length", [10, 500])
def test_a_long_example_is_cut_in_the_table_and_whole_below(length: int) -> None:
    told = "w" * length
    found = Verdict("a", 1, None, [Finding("answers", challenger=told)], 1)
    [row] = evidence.table(found)
    assert max(map(len, row.values())) <= evidence.CELL_AT_MOST
    assert told in evidence.markdown(found)
    assert "champion" not in row, "a first version has none, and an empty column pushes the others out of the window"
    [beside] = evidence.table(Verdict("a", 2, 1, [Finding("answers", challenger=told, champion="x")], 1))
    assert beside["champion"] == "x"


def test_slices_are_sums_of_their_rows() -> None:
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    counts = SufficientStatistics(rows, lambda sums: float(sums[0] / sums[1]))
    assert (counts.of([0, 2]), counts.value) == (6 / 8, 9 / 12)


REFERENCE_LABELS = ["good", "bad"] * 50
HALF_RIGHT = ["good"] * 100


@pytest.mark.parametrize(("labels", "passed"), [(REFERENCE_LABELS, True), (HALF_RIGHT, False)])
def test_labels_are_judged_in_points_of_a_hundred(labels: list[str], passed: bool) -> None:
    champion, ours = (
        Contender(number, counts_of("macro_f1", each, [1.0] * 100, REFERENCE_LABELS), steady(1.0), 1.0)
        for number, each in ((1, HALF_RIGHT), (2, labels))
    )
    recipe = recipe_named("labels", task="sentiment", model={"decoder": "classifier"})
    slices = [Slice("label bad", list(range(1, 100, 2)), "label")]
    findings = judge(recipe, ANSWERS, ours, champion, {"tfidf": 0.5, "majority": 1 / 3}, slices, "")
    against, *_ = [finding for finding in findings if finding.champion]
    assert against.rule == "macro-F1 above the champion, p at most 0.05"
    assert against.champion == "33.33%"
    assert against.difference.startswith("+66.67 (" if passed else "+0.00 (")
    assert against.passed is passed
    rules = [finding.rule for finding in findings]
    assert "macro-F1 above the logistic regression (50.00%)" in rules
    assert "macro-F1 of label bad (50 rows) not below by over 5" in rules


PERPLEXITY = Metric("perplexity", "perplexity", "plain", rises=False)


@pytest.mark.parametrize(
    ("rules", "champion", "ours", "rule", "passed"),
    [
        ({}, 80.0, 70.0, "perplexity below the champion, p at most 0.05", True),
        ({}, 70.0, 80.0, "perplexity below the champion, p at most 0.05", False),
        ({"policy": "not-worse"}, 80.0, 80.3, "perplexity above the champion by 0.5 % at most", True),
        ({"policy": "not-worse"}, 80.0, 80.5, "perplexity above the champion by 0.5 % at most", False),
    ],
)
def test_where_lower_is_better(rules: dict[str, Any], champion: float, ours: float, rule: str, passed: bool) -> None:
    found = _against_champion(RegistrySection(**rules), PERPLEXITY, PairedBootstrap(champion, ours, -1.0, 1.0, 0.01), 1)
    assert (found.rule, found.passed) == (rule, passed)
    assert found.challenger == f"{ours:.2f}"


THEIRS = mean_of(np.repeat([40.0, 60.0], 30))
OURS = mean_of(np.repeat([48.5, 56.0], 30))


def judged(**rules: Any) -> list[Finding]:
    """Versions whose figures are plain: 50 before and 52.25 now, by halves 40 and 60, 48.5 and 56."""
    recipe = recipe_named("judged", registry=rules)
    before, now = Contender(1, THEIRS, steady(10.0), 1.5), Contender(2, OURS, steady(12.5), 1.25)
    return judge(recipe, ANSWERS, now, before, {"nearest": 30.0, "copy": 60.5}, HALVES, "")


LATENCIES = ("10.0 ms (10.0 to 10.0)", "12.5 ms (12.5 to 12.5)", "+2.5 ms (1.25 times)")


def test_every_rule_with_what_was_measured_for_it() -> None:
    smoke, champion, *others = [replace(finding, told="") for finding in judged(latency_p95=11.0)]
    assert smoke == Finding("answers in a fresh process without a GPU", "", "'a' → 'b'", "", True)
    assert (champion.champion, champion.challenger) == ("50.00", "52.25")
    assert champion.difference.startswith("+2.25 (")
    assert others == [
        Finding("chrF above the nearest training source (30.00)", "", "52.25", "+22.25", True),
        Finding("chrF above the copied source (60.50)", "", "52.25", "-8.25", False),
        Finding("chrF of first half (30 rows) not below by over 5", "40.00", "48.50", "+8.50", True),
        Finding("chrF of second half (30 rows) not below by over 5", "60.00", "56.00", "-4.00", True),
        Finding("one text, 95 of 100 times: 11 ms at most", *LATENCIES, False),
        Finding("size of the version", "1.5 MB", "1.2 MB", "-0.2 MB", None),
    ]


@pytest.mark.parametrize(
    ("rules", "passed"),
    [
        ({"slice_tolerance": 4.0}, True),
        ({"slice_tolerance": 3.99}, False),
        ({"slice_tolerance": 3.99, "slice_rows": 30}, False),
        ({"slice_tolerance": 3.99, "slice_rows": 31}, None),
    ],
)
def test_a_slice_at_its_limits(rules: dict[str, Any], passed: bool | None) -> None:
    [second] = [finding for finding in judged(**rules) if "second half" in finding.rule]
    assert second.passed is passed


@pytest.mark.parametrize(
    ("champion", "ours", "chance", "passed"),
    [(50.0, 50.1, 0.05, True), (50.0, 50.1, 0.0501, False), (50.0, 50.0, 0.01, False), (50.0, 49.9, 0.01, False)],
)
def test_better_and_hardly_by_chance(champion: float, ours: float, chance: float, passed: bool) -> None:
    chrf = Metric("chrf", "chrF")
    assert (
        _against_champion(RegistrySection(), chrf, PairedBootstrap(champion, ours, -1.0, 1.0, chance), 1).passed
        is passed
    )


def test_a_line_says_what_happened() -> None:
    unanswering = verdict(contender(GOOD), smoke=Smoke(False, "ImportError: x"))
    assert unanswering.why == "it does not answer in a fresh process without a GPU: ImportError: x"
    left = verdict(contender(GOOD), rolled_back="2026-11-24: rude")
    assert left.why == "it was rolled back by hand (2026-11-24: rude), and nobody has promoted it since"
    assert [*map(sentence_of, judged(latency_p95=11.0, slice_tolerance=3.9))] == [
        "it answers in a fresh process without a GPU: 'a' → 'b'",
        "chrF 52.2 is 2.2 above version 1's 50.0 (95 %: …)",
        "chrF 52.2 is 22.2 above the 30.0 of the nearest training source",
        "chrF 52.2 is 8.2 below the 60.5 of the copied source",
        "in the slice first half (30 rows) chrF 48.5 is 8.5 above the champion's 40.0",
        "in the slice second half (30 rows) chrF 56.0 is 4.0 below the champion's 60.0; 3.9 at most is allowed",
        "one text takes 12.5 ms (12.5 to 12.5), 95 of 100 times, where the champion takes 10.0 ms (10.0 to 10.0); "
        "11 ms at most is allowed",
        "the version has 1.2 MB",
    ]


def sentence_of(finding: Finding) -> str:
    """Without the ends of the interval."""
    return re.sub(r"95 %: [^)]*", "95 %: …", finding.told)


def test_a_line_counts_what_else_fails_and_the_page_tells_all() -> None:
    found = Verdict("judged", 2, 1, judged(latency_p95=11.0, megabytes=1.0), 60)
    assert found.why.endswith("; 2 more rules fail")
    page = evidence.markdown(found)
    assert [line[2:] for line in page.splitlines() if line.startswith("- ")] == found.failures


CHRF, ACCURACY = Metric("chrf", "chrF"), Metric("accuracy", "accuracy", "share")


@pytest.mark.parametrize(
    ("measure", "ours", "theirs", "chance", "told"),
    [
        (CHRF, 84.75, 99.62, 0.001, "chrF 84.8 is 14.9 below the champion's 99.6 (95 %: -1.0 to +1.0)"),
        (CHRF, 84.7, 84.7, 1.0, "chrF 84.7 equals the champion's 84.7 (95 %: -1.0 to +1.0)"),
        (CHRF, 84.71, 84.74, 0.8, "chrF 84.71 is 0.03 below the champion's 84.74 (95 %: -1.00 to +1.00)"),
        (
            CHRF,
            85.1,
            84.8,
            0.2144,
            "chrF 85.1 is 0.3 above the champion's 84.8 (95 %: -1.0 to +1.0), which may be chance: p = 0.214, and at "
            "most 0.05 is asked",
        ),
        (
            ACCURACY,
            0.5,
            0.625,
            0.01,
            "accuracy 50.0% is 12.5 points below the champion's 62.5% (95 %: -100.0 to +100.0)",
        ),
        (
            PERPLEXITY,
            80.0,
            64.0,
            0.01,
            "perplexity 80.0 is 16.0 (25.0 %) above the champion's 64.0 (95 %: -1.0 to +1.0)",
        ),
    ],
)
def test_what_did_not_beat_the_champion(measure: Metric, ours: float, theirs: float, chance: float, told: str) -> None:
    found = _against_champion(RegistrySection(), measure, PairedBootstrap(theirs, ours, -1.0, 1.0, chance), 1)
    assert (found.passed, found.told) == (False, told)


@given(st.sampled_from([CHRF, ACCURACY]), st.floats(0.001, 50), st.floats(0, 50))
def test_a_difference_over_its_limit_is_shown_as_such(measure: Metric, over: float, limit: float) -> None:
    limit = round(limit, 2)
    scale = 0.01 if measure.unit == "share" else 1.0
    told = beside(measure, 0.0, scale * (limit + over), "the champion's {}", limit)
    [shown] = re.findall(r" is ([0-9.]+) ", told)
    assert float(shown) > limit, told


@given(st.sampled_from(list(MEASURES.values())), st.floats(0, 100), st.floats(0, 100))
def test_a_sentence_never_names_two_like_figures_as_different(measure: Metric, ours: float, theirs: float) -> None:
    scale = 0.01 if measure.unit == "share" else 1.0
    told = beside(measure, scale * ours, scale * theirs, "the champion's {}")
    shown = [figure.rstrip("%") for figure in re.findall(r"[0-9.]+%?", told.replace(measure.label, ""))]
    if " equals " in told:
        assert abs(ours - theirs) < 1e-4
        assert shown[0] == shown[1]
    else:
        assert (" above " in told) is (ours > theirs)
        assert float(shown[1]) > 0, "0.0 below is no difference"


def test_a_form_is_told_beside_the_version_itself() -> None:
    findings = judge_backend(recipe_named("judged"), ANSWERS, CHAMPION, CHAMPION, HALVES)
    found = Verdict("judged", 1, None, findings, backend="torch-int8")
    assert found.passed
    figure = f"{CHAMPION.counts.value:.1f}"
    assert found.why == f"holds all rules: chrF {figure} equals the {figure} of the version itself (95 %: +0.0 to +0.0)"
    assert (found.as_json()["rows"], found.as_json()["seconds"]) == (0, 0.0), "nobody said"
