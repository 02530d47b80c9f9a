"""Terms honored and text carried over: shares of an evaluation, and rules of the gate."""

import pytest

from seqloom.evaluation.answer_constraints import constraint_shares, describe_constraints
from seqloom.recipe.schema import DecodingSection, RegistrySection
from seqloom.registry.gate import share_findings

DECODING = DecodingSection(glossary="printer\tDrucker\nscreen\tBildschirm\n", protect="tags")
SOURCES = ["a printer and a screen", "a <b>printer</b>", "nothing", "<i>x</i>"]
REPLIES = {
    "prediction": ["Drucker", "Drucker", "nichts", "<i>x</i>"],
    "terms_honored": [0.5, 1.0, 1.0, 1.0],
    "carried_over": ["none", "kept", "none", "split"],
}


def test_shares_are_of_the_terms_and_of_the_rows_that_have_some() -> None:
    found = constraint_shares(SOURCES, REPLIES, DECODING)
    assert found == {
        "terms_honored": {"share": pytest.approx(2 / 3, abs=1e-4), "rows": 2, "terms": 3},
        "carried_over": {"share": 0.5, "rows": 2, "split": 1},
    }
    assert [sentence.split(" of ")[0] for sentence in describe_constraints(found)] == ["66.7%", "50.0%"]


def test_what_nobody_asked_or_no_row_has_is_not_measured() -> None:
    assert constraint_shares(SOURCES, {"prediction": SOURCES}, DecodingSection()) == {}
    some = {"prediction": ["x"], "terms_honored": [1.0], "carried_over": ["none"]}
    assert constraint_shares(["nothing"], some, DECODING) == {}


def test_they_are_rules_of_the_gate() -> None:
    rules = RegistrySection(terms_honored=0.915, carried_over=0.4)
    metrics = {"test/terms_honored": 0.6667, "test/carried_over": 0.5}
    terms, carried = share_findings(rules, metrics)
    assert (terms.passed, carried.passed) == (False, True)
    assert terms.told == "66.7% of the glossary's terms in the test rows are honored; 91.5% at least is asked"
    assert terms.rule == "terms of the glossary: 91.5% honored at least"
    assert [(each.passed, each.warns) for each in share_findings(rules, {})] == [(None, True)] * 2
    assert list(share_findings(RegistrySection(), metrics)) == []
