"""Properties of every evaluator: declared metrics are computed, plotted and reported."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.stage import evaluate
from seqloom.progress import unwatched
from seqloom.recipe.applications import APPLICATIONS
from seqloom.recipe.schema import Recipe
from tests.models.plain import plain_recipe

TASKS = sorted(APPLICATIONS)
PARTS = (("so", "but"), ("bed", "soup"), ("good", "bad"))
TEXTS = [f"{how} the {thing} was {what}" for how, thing, what in product(*PARTS)]
TARGETS = {
    "translation": [text.replace("the", "das") for text in TEXTS],
    "summarization": [" ".join(text.split()[2:]) for text in TEXTS],
    "sentiment": [f"{text.rpartition(' ')[2]} 好" for text in TEXTS],
    "reconstruction": TEXTS,
    "chat": [f"{text.rpartition(' ')[2]}? why so {text.split()[2]}" for text in TEXTS],
    "generation": TEXTS,
    "transduction": [" ".join(text[::-1]) for text in TEXTS],
}
MODELS: Mapping[str, dict[str, Any]] = {
    "sentiment": {"decoder": "classifier"},
    "reconstruction": {"attention": "none"},
    "generation": {"encoder": "none"},
}
CORPORA: Mapping[str, dict[str, Any]] = {
    "reconstruction": {"format": "texts"},
    "chat": {"turns": 2},
    "generation": {"format": "running"},
}
MEASURED = Likelihood(perplexity=3.0, accuracy=0.5, tokens=20)


def table(task: str) -> pd.DataFrame:
    return pd.DataFrame({"source": TEXTS, "target": TARGETS[task], "origin": "a/b.tsv"})


def recipe_of(task: str) -> Recipe:
    corpus = {"train": ["a.tsv"], **CORPORA.get(task, {})}
    shared = task == "generation"
    tree = {
        "name": "a",
        "task": task,
        "corpus": corpus,
        "model": MODELS.get(task, {}),
        "vocabulary": {"shared": shared},
    }
    return plain_recipe(tree)


def perfect(task: str, sources: Sequence[str]) -> Replies:
    targets = dict(zip(TEXTS, TARGETS[task], strict=True))
    return {
        "prediction": [targets[source] for source in sources],
        "probability": [1.0] * len(sources),
        "log_probability": [0.0] * len(sources),
    }


def facts_of(task: str, folder: Path) -> dict[str, Any]:
    rows = table(task)
    return evaluate(
        lambda sources, _: perfect(task, sources), MEASURED, rows, rows, recipe_of(task), [], folder, unwatched
    )


@pytest.mark.parametrize("task", TASKS)
def test_what_is_declared_is_there(task: str, tmp_path: Path) -> None:
    kind, facts = APPLICATIONS[task], facts_of(task, tmp_path)
    assert facts["task"] == task
    assert {f"test/{measure.name}" for measure in kind.metrics} <= facts["metrics"].keys()
    for metric in kind.judged:
        assert {f"baseline/{baseline}/{metric}" for baseline in kind.baselines} <= facts["metrics"].keys()
        low, high = facts["intervals"][metric]
        assert low <= facts["metrics"][f"test/{metric}"] <= high
        assert facts["signatures"][metric]
    assert all(math.isfinite(value) for value in facts["metrics"].values())
    assert facts["slices"]
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert drawn == {name for png in kind.plots for name in (png, png.replace(".png", ".svg"))}
    written = pd.read_parquet(tmp_path / "hypotheses.parquet")
    assert {"source", "reference", "hypothesis", *kind.baselines} < {*written}


@pytest.mark.parametrize("task", TASKS)
def test_nothing_beats_the_reference_itself(task: str, tmp_path: Path) -> None:
    kind, metrics = APPLICATIONS[task], facts_of(task, tmp_path)["metrics"]
    for name, measure in kind.judged.items():
        for baseline in kind.baselines:
            assert measure.gain(metrics[f"baseline/{baseline}/{name}"], metrics[f"test/{name}"]) >= 0


@pytest.mark.parametrize("task", TASKS)
def test_scores_and_counts_are_two_ways_to_one_figure(task: str) -> None:
    judge, test = evaluator_of(task), EvalSet.of(table(task), "en")
    for replies in judge.baselines(table(task), test, unwatched).values():
        scores = judge.scores(replies, test)
        for metric in judge.kind.judged:
            assert judge.count(metric, replies, test).value == pytest.approx(scores[metric].value)


@pytest.mark.parametrize("task", TASKS)
def test_the_metric_of_a_kind_is_one_of_its_own(task: str) -> None:
    assert APPLICATIONS[task].metric in APPLICATIONS[task].judged
    assert evaluator_of(task).kind is APPLICATIONS[task]


def test_short_texts_that_come_back_have_all_of_bleu() -> None:
    """sacreBLEU's own default has no 4-gram to count in them, and says 0."""
    texts = ["Hello world", "Hello AI"]
    judge, test = evaluator_of("reconstruction"), EvalSet(texts, texts)
    perfect, half = ({"prediction": answers} for answers in (texts, ["Hello world", "Hello you"]))
    assert {name: score.value for name, score in judge.scores(perfect, test).items()} == pytest.approx(
        {"exact_match": 1.0, "bleu": 100.0, "chrf": 100.0}
    )
    assert judge.scores(half, test)["exact_match"].value == 0.5
    assert 0 < judge.scores(half, test)["bleu"].value < 100


def test_a_label_is_a_slice() -> None:
    slices = evaluator_of("sentiment").slices(EvalSet.of(table("sentiment"), ""))
    assert {"label good 好", "label bad 好"} <= {part.name for part in slices}


ENDS = "↵"
PASSAGES = [f"to be or not {ENDS} to be {ENDS}", f"that is {ENDS}"]


def test_perplexity_is_of_words_line_ends_and_characters() -> None:
    """Eight words, two of them line ends, and three: of 11 units with a chance of 1/4 each the perplexity is 4."""
    judge, test = evaluator_of("generation"), EvalSet(PASSAGES, PASSAGES)
    replies = {"prediction": ["", ""], "log_probability": [-8 * math.log(4), -3 * math.log(4)]}
    assert judge.scores(replies, test)["word_perplexity"].value == pytest.approx(4.0)
    characters = len("to be or not\nto be\n" + "that is\n")
    assert judge.scores(replies, test)["character_perplexity"].value == pytest.approx(4.0 ** (11 / characters))
    assert judge.by_row(replies, test)["word_perplexity"] == pytest.approx([4.0, 4.0])


def test_running_text_is_shown_as_it_goes_on() -> None:
    long = " ".join(f"word{number}" for number in range(100))
    replies = {"prediction": [" and\non", long], "log_probability": [0.0, 0.0]}
    ends, nexts, written = evaluator_of("generation").shown(replies, EvalSet([long, "short"], [long, "short"]))
    assert long.endswith(ends[0])
    assert ends[0].startswith("word")
    assert (nexts, ends[1]) == (["short", ""], "short")
    assert written[0] == f"and {ENDS} on"
    assert long.startswith(written[1])
    assert len(written[1]) < len(long)
