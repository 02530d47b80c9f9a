"""A preview says of the first rows what the stage would do."""

from pathlib import Path

import pytest

from seqloom.corpus.filter_preview import preview_filters
from seqloom.corpus.sources import locate
from seqloom.errors import UserError
from seqloom.recipe.filter_expressions import parse_filter
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.usual_filters import usual_filters

from .test_stage import built, many, write

DIRTY = [
    *many(300),
    ("<b>bold</b>", "<i>x</i>"),
    ("same", "Same"),
    ("<br/>", "<br/>"),
    ("again", "nochmal"),
    ("again", "wieder"),
    ("again", "nochmal"),
    ("", "x"),
    ("y", ""),
    ("a" * 2000, "b"),
    ("in 2020", "im Jahr 2021"),
    ("A Cat  sat on the mat", "eine"),
    ("a cat sat on the mat!", "andere"),
]
FILTERS = [
    "no_html", "no_copy", "numbers_match", "unique_source", "source.boilerplate<=200", "near_duplicates<=0.95",
]  # fmt: skip


@pytest.mark.parametrize("whitespace", ["fold", "keep"])
def test_a_preview_of_all_rows_is_what_the_stage_rejects(whitespace: str, tmp_path: Path) -> None:
    fields = {"train": [write(tmp_path / "train.jsonl", DIRTY)], "filters": FILTERS, "whitespace": whitespace}
    section = CorpusSection.model_validate(fields)
    found = preview_filters(section, locate(section, tmp_path), 10_000)
    facts = built(tmp_path, **fields)
    assert {each.name: each.dropped for each in found.outcomes if each.dropped} == facts["rejected"]
    assert (found.read, found.kept) == (facts["read"], sum(facts["rows"].values()))
    assert [each.before for each in found.outcomes[1:]] == [each.before - each.dropped for each in found.outcomes[:-1]]


def test_each_filter_has_examples_and_what_it_would_do_alone(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", DIRTY)
    section = CorpusSection.model_validate({"train": [train], "filters": FILTERS})
    outcomes = {each.name: each for each in preview_filters(section, locate(section, tmp_path), 10_000).outcomes}
    assert (outcomes["no_copy"].dropped, outcomes["no_copy"].alone) == (1, 2)
    assert outcomes["no_html"].examples[0] == {
        "file": train, "line": 301, "source": "<b>bold</b>", "target": "<i>x</i>", "problem": "source: markup <b>",
    }  # fmt: skip
    assert [each["line"] for each in outcomes["no_html"].examples] == [301, 303]


@pytest.mark.parametrize("task", ["translation", "summarization", "sentiment", "chat", "reconstruction"])
def test_usual_filters_are_filters_that_the_task_may_have(task: str) -> None:
    corpus = {"train": ["x.tsv"], **({"turns": 2} if task == "chat" else {})}
    if task == "translation":
        corpus |= {"source_language": "en", "target_language": "zh"}
    if task == "reconstruction":
        corpus |= {"format": "texts"}
    usual = usual_filters(check_recipe({"name": "a", "task": task, "corpus": corpus}, "it"))
    assert [str(parse_filter(each)) for each in usual] == usual
    assert (
        check_recipe({"name": "a", "task": task, "corpus": {**corpus, "filters": usual}}, "it").corpus.filters == usual
    )


def test_running_text_has_nothing_to_preview() -> None:
    tree = {"name": "a", "task": "generation", "corpus": {"train": ["x.txt"], "format": "running"}}
    with pytest.raises(UserError, match="nothing to preview"):
        usual_filters(check_recipe(tree, "it"))
