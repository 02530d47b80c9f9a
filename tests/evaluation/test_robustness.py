"""Perturbations follow from their text and change it as they say; the score that is kept is that of the answers."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.memorization import LONG, memorization
from seqloom.evaluation.perturbations import PERTURBATIONS, perturbed
from seqloom.evaluation.robustness import FEW, robustness, sampled_rows
from seqloom.recipe.schema import Recipe, RegistrySection
from seqloom.registry.gate import share_findings

TEXT = "The café's old doors, once red, don't open!"
every = pytest.mark.parametrize("name", PERTURBATIONS)


@every
@given(text=st.text(max_size=40) | st.just(TEXT), number=st.integers(0, 99))
def test_it_follows_from_the_text_and_is_never_empty(name: str, text: str, number: int) -> None:
    found = perturbed(name, text, number)
    random.random()
    assert found == perturbed(name, text, number)
    assert bool(found.strip()) == bool(text.strip())
    assert found.encode() is not None


@every
def test_it_changes_a_plain_sentence(name: str) -> None:
    found = perturbed(name, TEXT, 0)
    assert found != TEXT
    assert len(found) > 0.7 * len(TEXT)


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("swapped letters", lambda text: sorted(text)),
        ("keyboard typos", len),
        ("look-alike letters", len),
        ("more spaces", lambda text: text.replace(" ", "")),
        ("other case", str.casefold),
        ("no marks and punctuation", lambda text: [each for each in text if each in "Thold"]),
    ],
)
def test_what_it_leaves(name: str, same: Any) -> None:
    assert same(perturbed(name, TEXT, 1)) == same(TEXT)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
        ("สวัสดี", "สวัสดี"),
        ("안녕하세요", "안녕하세요"),
        ("がんばって", "がんばって"),
        ("Žluťoučký kůň", "Zlutoucky kun"),
        ("שָׁלוֹם", "שלום"),
        ("مَرْحَبًا", "مرحبا"),
    ],
)
def test_marks_that_spell_a_word_are_no_diacritics(text: str, left: str) -> None:
    assert perturbed("no marks and punctuation", text, 0) == left


def recipe_of(**fields: Any) -> Recipe:
    return Recipe.model_validate({"name": "a", "corpus": {"train": ["a.tsv"]}, **fields})


def rows(count: int) -> EvalSet:
    return EvalSet([f"{TEXT} {n}" for n in range(count)], [f"Antwort auf {n}" for n in range(count)])


def test_a_tenth_of_the_rows_at_most_and_none_where_few() -> None:
    translation = evaluator_of("translation")
    assert len(sampled_rows(recipe_of(), translation, rows(1000))) == 50
    assert len(sampled_rows(recipe_of(), translation, rows(200))) == 20
    assert sampled_rows(recipe_of(), translation, rows(10 * FEW - 1)) == []
    assert sampled_rows(recipe_of(evaluation={"robustness_rows": 0}), translation, rows(1000)) == []
    for task in ("reconstruction", "generation", "transduction", "chat"):
        assert sampled_rows(recipe_of(), evaluator_of(task), rows(1000)) == []


def test_a_row_is_drawn_and_disturbed_alike_wherever_it_stands() -> None:
    """A row that is contaminated by a new corpus, and counts no more, changes nothing for the others."""
    asked: list[list[str]] = []

    def predict(texts: Sequence[str], _: Sequence[int]) -> Replies:
        asked[-1] += texts
        return {"prediction": [""] * len(texts)}

    evaluator, whole = evaluator_of("translation"), rows(12)
    for test in (whole, whole.only(range(1, 12))):
        asked.append([])
        clean = {"prediction": test.references}
        robustness(predict, evaluator, evaluator.kind.judged["chrf"], test, clean, lambda *_: None)
    assert set(asked[1]) <= set(asked[0])


@pytest.mark.parametrize(("harmed", "kept"), [(False, 1.0), (True, 0.0)])
def test_the_share_of_the_score_that_is_kept(harmed: bool, kept: float) -> None:
    test, evaluator = rows(12), evaluator_of("translation")

    def predict(texts: Sequence[str], numbers: Sequence[int]) -> Replies:
        assert texts != test.sources
        return {"prediction": ["" if harmed else test.references[number] for number in numbers]}

    metric = evaluator.kind.judged["chrf"]
    clean = {"prediction": test.references}
    found = robustness(predict, evaluator, metric, test, clean, lambda *_: None)
    assert found["kept"] == kept
    assert found["perturbations"].keys() == PERTURBATIONS.keys()
    assert (found["rows"], found["clean"]) == (12, pytest.approx(100))


def test_what_changes_no_text_is_left_out() -> None:
    test = EvalSet(["早上好我的朋友"] * FEW, ["a"] * FEW)
    predict = lambda texts, _: {"prediction": ["a"] * len(texts)}  # noqa: E731
    evaluator = evaluator_of("translation")
    found = robustness(
        predict, evaluator, evaluator.kind.judged["chrf"], test, {"prediction": test.references}, lambda *_: None
    )
    assert not {"look-alike letters", "other case", "keyboard typos"} & found["perturbations"].keys()


def test_the_gates_rule() -> None:
    rules = RegistrySection(robustness=0.8)
    assert list(share_findings(RegistrySection(), {})) == []
    outcomes = [share_findings(rules, metrics) for metrics in ({"test/robustness": 0.9}, {"test/robustness": 0.7}, {})]
    assert [[finding.verdict for finding in found] for found in outcomes] == [["holds"], ["fails"], ["warns"]]


def test_a_training_target_on_an_unseen_source_is_counted() -> None:
    long, other = "x" * LONG, "y" * LONG
    found = memorization(["a", "b", "c", "d"], [long, "r", "r", "r"], [long, long, "short", other], [long, "short"])
    assert (found["copied"], found["rows"]) == (1, 4)
    assert [each["source"] for each in found["listed"]] == ["b"]
