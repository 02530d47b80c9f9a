"""Old and new rows apart: much better on what was corrected is not good enough where the rest was forgotten."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from seqloom.evaluation.paired_bootstrap import mean_of
from seqloom.evaluation.test_slices import Slice, slices_of
from seqloom.recipe.applications import metric_of_recipe
from seqloom.registry.gate import Contender, Verdict, judge
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_slices import OLD_ROWS, slice_findings, with_old_rows
from seqloom.registry.latency_measurement import Latency
from seqloom.registry.smoke_test import Smoke
from tests.registry.tiny import recipe_named

NAMES = ["main"] * 40 + ["corrections"] * 30
SOURCES = ["a text"] * len(NAMES)


def judged(old: float, new: float, **rules: Any) -> Verdict:
    """A version whose scores are 40 on old rows and 20 on new ones before, each change the same for each row."""
    before, now = np.repeat([40.0, 20.0], (40, 30)), np.repeat([40.0 + old, 20.0 + new], (40, 30))
    champion, ours = (
        Contender(number, mean_of(scores), Latency(*[1.0] * 4), 1.0) for number, scores in ((1, before), (2, now))
    )
    parts = [part for part in slices_of(SOURCES, None, NAMES) if part.by == "source"]
    slices = with_old_rows(parts, NAMES, {"", "main"}, {"", "main"})
    recipe = recipe_named("judged", registry=rules)
    return Verdict("judged", 2, 1, judge(recipe, Smoke(True, ""), ours, champion, {}, slices, ""), len(NAMES))


def of_parts(found: Verdict) -> list[Finding]:
    return [finding for finding in found.findings if finding.brief]


@pytest.mark.parametrize("policy", ["better", "not-worse"])
@pytest.mark.parametrize(
    ("old", "new", "rules", "verdicts"),
    [
        (0.3, 6.2, {}, ["holds", "holds"]),
        (-0.5, 6.2, {}, ["holds", "holds"]),
        (-0.6, 6.2, {}, ["fails", "holds"]),
        (-0.6, 6.2, {"tolerance": 1}, ["holds", "holds"]),
        (9.0, -5.1, {}, ["holds", "fails"]),
        (9.0, -4.9, {}, ["holds", "holds"]),
    ],
)
def test_old_rows_are_held_to_the_tolerance_and_new_ones_to_that_of_slices(
    policy: str, old: float, new: float, rules: dict[str, Any], verdicts: list[str]
) -> None:
    found = judged(old, new, policy=policy, **rules)
    assert [finding.verdict for finding in of_parts(found)] == verdicts
    assert found.passed == (verdicts == ["holds", "holds"])


def test_what_was_gained_and_what_was_forgotten_are_told_together() -> None:
    kept, forgot = judged(0.3, 6.2), judged(-1.9, 6.2)
    briefs = "old rows, 40 rows: {0} ({0} to {0}); corrections, 30 rows: +6.20 (+6.20 to +6.20)"
    assert kept.why.endswith("; " + briefs.format("+0.30"))
    assert forgot.why == (
        "on the old rows (40 rows) chrF 38.1 is 1.9 below the champion's 40.0 (95 %: -1.9 to -1.9); 0.5 at most is "
        "allowed; " + briefs.format("-1.90")
    )
    assert [finding.rule for finding in of_parts(forgot)] == [
        "chrF of old rows (40 rows) not below by over 0.5",
        "chrF of source corrections (30 rows) not below by over 5",
    ]


def verdicts_on_old_rows(drop: float, rows: int, seeds: int) -> Counter[str]:
    """Verdicts on old rows whose scores fall by `drop` on average, with a standard error of 0.7 points on 40 rows."""
    recipe, verdicts = recipe_named("judged"), Counter[str]()
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        before = random.uniform(20, 60, rows)
        now = before - drop + random.normal(0.0, 0.7 * 40**0.5, rows)
        old = [Slice(OLD_ROWS, list(range(rows)), "old")]
        [found] = slice_findings(
            recipe.registry, metric_of_recipe(recipe), mean_of(before), mean_of(now), old, "the champion's {}"
        )
        assert (
            (found.passed is None) == found.warns == found.told.endswith("0.5 at most is allowed, which may be chance")
        )
        verdicts[found.verdict] += 1
    return verdicts


def test_a_version_that_is_as_good_on_the_old_rows_is_not_refused_by_chance() -> None:
    found = verdicts_on_old_rows(0.0, rows=40, seeds=60)
    assert found["fails"] <= 3, "a point difference alone would refuse some 15 of 60"
    assert found["warns"], "and it is told where the difference alone is beyond the tolerance"


def test_a_version_that_forgot_is_refused_by_many_rows() -> None:
    assert verdicts_on_old_rows(2.0, rows=160, seeds=20)["fails"] >= 18


def test_rows_too_few_to_judge_are_shown_alone() -> None:
    found = judged(-30.0, 40.0, policy="not-worse", tolerance=1, slice_rows=41)
    assert not of_parts(found)
    [old, new] = [finding for finding in found.findings if "rows)" in finding.rule]
    assert (old.passed, new.passed) == (None, None)


@pytest.mark.parametrize(
    ("names", "known", "old"),
    [
        pytest.param(["a", "b", "c"], {"a", "b"}, [0, 1], id="a new source"),
        pytest.param(["", "a", "c"], {"", "a"}, [0, 1], id="files for all"),
        pytest.param(["a", "b", "c"], {"a", "b", "c"}, [0], id="all known: corpus.train's"),
        pytest.param(["a", "a"], {"a"}, None, id="one source"),
        pytest.param(["b", "c"], {"a"}, None, id="all new"),
        pytest.param(["b", "c"], {"a", "b", "c"}, None, id="none of corpus.train"),
        pytest.param([], {"a"}, None, id="no names"),
    ],
)
def test_rows_are_old_where_the_champion_knew_their_source(
    names: list[str], known: set[str], old: list[int] | None
) -> None:
    parts = [Slice(f"source {name}", [row], "source") for row, name in enumerate(names) if name]
    found = with_old_rows(parts, names, known, {"", "a"})
    assert [part.rows for part in found if part.name == OLD_ROWS] == ([] if old is None else [old])
    others = [part for part in parts if part.rows != old]
    assert [part for part in found if part.name != OLD_ROWS] == others, "no rows are told twice"
