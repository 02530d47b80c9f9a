"""The search finds the edit that hurts, within its budget and two characters, and the same one every time."""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance.Levenshtein import distance as edit_distance

from seqloom.cli.evaluate_command import evaluate
from seqloom.errors import UserError
from seqloom.evaluation.adversarial_search import CHARACTERS, ROWS, adversarial_search, attacked_rows, edits
from seqloom.evaluation.adversarial_summary import describe_adversarial
from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.row_sample import sample_of_texts
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe

EVALUATOR = evaluator_of("translation")
TEST = EvalSet([f"the café number {n}" for n in range(6)], [f"das Café mit der Nummer {n}" for n in range(6)])
CLEAN: Replies = {"prediction": TEST.references}


class Model:
    """Answers rightly as long as every text has its word, and counts what it is asked."""

    def __init__(self, needed: str) -> None:
        self.needed, self.asked = needed, list[tuple[str, int]]()

    def __call__(self, texts: Sequence[str], numbers: Sequence[int]) -> Replies:
        self.asked += zip(texts, numbers, strict=True)
        return {
            "prediction": [
                TEST.references[number] if self.needed in text else ""
                for text, number in zip(texts, numbers, strict=True)
            ]
        }


@given(st.text(min_size=1, max_size=20))
def test_an_edit_changes_what_it_says(text: str) -> None:
    for each in edits(text, random.Random(1)):
        assert each.text != text
        assert each.changed in (1, 2)
        assert edit_distance(text, each.text) <= 2 + ("ß" in text or len(text.swapcase()) != len(text)) * 3


def test_a_model_that_hangs_on_a_word_is_broken_and_one_that_does_not_is_not() -> None:
    broken = adversarial_search(Model("café"), EVALUATOR, TEST, CLEAN, 40, lambda *_: None)
    whole = adversarial_search(Model(""), EVALUATOR, TEST, CLEAN, 40, lambda *_: None)
    assert (broken["acceptable"], broken["broken"], broken["share"]) == (6, 6, 1.0)
    assert (whole["acceptable"], whole["broken"], whole["share"], whole["listed"]) == (6, 0, 0.0, [])
    for each in broken["listed"]:
        assert "café" not in each["edited"]
        assert 0 < edit_distance(each["source"], each["edited"]) <= CHARACTERS
    assert "breaks 6 of them (100%)" in describe_adversarial(broken, "are right")


@pytest.mark.parametrize("budget", [1, 2, 7, 40])
def test_the_budget_is_kept_and_every_text_is_asked_once(budget: int) -> None:
    model = Model("café")
    found = adversarial_search(model, EVALUATOR, TEST, CLEAN, budget, lambda *_: None)
    asked = [sum(number == row for _, number in model.asked) for row in range(6)]
    assert max(asked) <= budget
    assert min(asked) >= budget - 1
    again = adversarial_search(Model("café"), EVALUATOR, TEST, CLEAN, budget, lambda *_: None)
    assert found == again


def test_two_edits_are_found_where_one_is_not_enough() -> None:
    """Only the second round reaches a text in which two letters are others."""

    def ask(texts: Sequence[str], numbers: Sequence[int]) -> Replies:
        near = [edit_distance(text, TEST.sources[number]) for text, number in zip(texts, numbers, strict=True)]
        return {"prediction": ["" if far > 1 else TEST.references[n] for far, n in zip(near, numbers, strict=True)]}

    assert adversarial_search(ask, EVALUATOR, TEST, CLEAN, 20, lambda *_: None)["share"] == 1.0


def test_rows_are_few_and_of_tasks_that_bear_typos() -> None:
    recipe = Recipe.model_validate({"name": "a", "corpus": {"train": ["a.tsv"]}})
    many = EvalSet([f"text {n}" for n in range(100)], ["a"] * 100)
    assert len(attacked_rows(recipe, many)) == ROWS
    assert attacked_rows(recipe, EvalSet(["", " "], ["a", "b"])) == []
    for task in ("reconstruction", "generation", "transduction", "chat"):
        assert attacked_rows(recipe.model_copy(update={"task": task}), many) == []


@pytest.mark.parametrize(
    ("task", "form"), [("reconstruction", "texts"), ("generation", "running"), ("transduction", "auto")]
)
def test_a_search_that_would_do_nothing_is_refused(task: str, form: str) -> None:
    corpus = {"train": ["a.tsv"], "format": form}
    tree = {"name": "a", "task": task, "corpus": corpus, "evaluation": {"adversarial_budget": 9}}
    with pytest.raises(UserError, match=f"adversarial_budget .* in task {task} one may change the right answer"):
        check_recipe(tree, "recipe")


def test_the_command_refuses_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = check_recipe({"name": "a", "task": "transduction", "corpus": {"train": ["a.tsv"]}}, "recipe")
    monkeypatch.setattr("seqloom.cli.evaluate_command.load_models", lambda *_: (tmp_path, None))
    monkeypatch.setattr("seqloom.recipe.recipe_json.read_recipe", lambda _: recipe)
    with pytest.raises(UserError, match=r"--adversarial .* in task transduction one may change the right answer"):
        evaluate("models:/a/1", ["a.tsv"], adversarial=9)


@given(st.lists(st.sampled_from(["one", "two", "three", "four"]), min_size=1, max_size=8), st.data())
def test_the_sample_does_not_hang_on_rows_that_are_gone(texts: list[str], data: st.DataObject) -> None:
    """A text that a new corpus contaminates leaves the others where they were: they are drawn and edited as before."""
    gone = data.draw(st.sampled_from(texts))
    left = [text for text in texts if text != gone]
    kept, half = [row for row, text in enumerate(texts) if text != gone], len(left) // 2
    among_all = [texts[row] for row in sample_of_texts(texts, kept, half)]
    assert among_all == [left[row] for row in sample_of_texts(left, range(len(left)), half)]


def test_a_row_is_edited_alike_wherever_it_stands() -> None:
    later = TEST.only([3, 4, 5])
    asked = []
    for test in (TEST, later):
        model = Model("")
        clean = {"prediction": test.references}
        adversarial_search(model, EVALUATOR, test, clean, 10, lambda *_: None)
        asked.append({text for text, row in model.asked if test.sources[row] in later.sources})
    assert asked[0] == asked[1]


def test_no_text_is_asked_twice() -> None:
    """Of a short text the second round would meet most of the first again."""
    short, model = EvalSet(["ab cd"], TEST.references[:1]), Model("")
    adversarial_search(model, EVALUATOR, short, {"prediction": short.references}, 29, lambda *_: None)
    assert len(set(model.asked)) == len(model.asked) > 20


def test_labels_are_attacked_too() -> None:
    test = EvalSet(["a good room", "a bad room"], ["good", "bad"])

    def ask(texts: Sequence[str], _: Sequence[int]) -> Replies:
        labels = ["good" if "good" in text else "bad" for text in texts]
        return {"prediction": labels, "probability": [0.9] * len(texts)}

    found = adversarial_search(ask, evaluator_of("sentiment"), test, ask(test.sources, [0, 1]), 30, lambda *_: None)
    assert (found["acceptable"], found["broken"]) == (2, 1)
