"""Filters are written strictly, and what is wrong is a sentence with the right form."""

import re
from typing import Any

import pytest

from seqloom.errors import UserError
from seqloom.recipe.filter_expressions import RULES, parse_filter
from seqloom.recipe.recipe_loader import check_recipe


def recipe(filters: list[str] | str, task: str = "translation", **fields: Any) -> Any:
    return check_recipe({"name": "a", "task": task, "corpus": {"train": ["x.tsv"], "filters": filters, **fields}}, "it")


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("length_ratio", "length_ratio<=9"),
        (" length_ratio <= 3.50 ", "length_ratio<=3.5"),
        ("source.no_html", "source.no_html"),
        ("target.script_share:Cyrl", "target.script_share:Cyrl>=0.5"),
        ("no_pattern: a<=3", "no_pattern:a<=3"),
        ("source.no_pattern:^x: y$", "source.no_pattern:^x: y$"),
        ("words<=1000000", "words<=1000000"),
    ],
)
def test_defaults_are_written_out(written: str, whole: str) -> None:
    assert recipe([written]).corpus.filters == [whole]
    assert str(parse_filter(whole)) == whole


@pytest.mark.parametrize("rule", RULES.values(), ids=str)
def test_the_form_of_each_can_be_written(rule: Any) -> None:
    assert parse_filter(rule.form).name == rule.name


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("lenght_ratio<=3", "did you mean length_ratio<=9?"),
        ("html", "did you mean no_html?"),
        ("", "they are length_ratio, "),
        ("spam", "they are length_ratio, "),
        ("length_ratio>=3", "takes <= and a number, as in length_ratio<=9"),
        ("length_ratio<3", "takes <= and a number"),
        ("length_ratio=3", "takes <= and a number"),
        ("length_ratio<=", "takes <= and a number"),
        ("length_ratio<=three", "takes <= and a number"),
        ("length_ratio<=nan", "takes <= and a number"),
        ("length_ratio<=inf", "1 or more"),
        ("length_ratio<=0.5", "1 or more"),
        ("numbers_match>=2", "0 to 1"),
        ("characters", "a number is missing, as in characters>=1"),
        ("no_html<=3", "is too much"),
        ("no_html:p", "takes nothing behind a colon"),
        ("no_pattern", "wants its REGEX behind a colon: no_pattern:REGEX"),
        ("no_words:", "wants its FILE"),
        ("script_share:>=0.5", "wants its SCRIPT"),
        ("script_share:Xxxx", "ISO 15924"),
        ("script_share:latin", "ISO 15924"),
        ("script_share", "corpus.source_language is empty"),
        ("language", "corpus.source_language is empty: set it, or remove the filter"),
        ("target.no_copy", "its side cannot be chosen, so write no_copy"),
        ("left.no_html", "a side is source or target, so write no_html"),
        ("no_pattern:(a", "RE2 does not take this pattern"),
        (r"no_pattern:(a)\1", "RE2 does not take this pattern"),
        ("no_pattern:a*", "matches the empty text"),
        ("no_pattern:" + "a" * 3000, "2,000 characters at most"),
    ],
)
def test_mistakes_are_sentences(written: str, said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)) as caught:
        recipe([written])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("filters", "fields", "said"),
    [
        (["no_html", "no_html"], {}, "no_html repeats no_html: remove one"),
        (["length_ratio", "length_ratio<=3"], {}, "length_ratio<=3 repeats length_ratio<=9: remove one"),
        (["near_duplicates", "near_duplicates<=0.9"], {}, "near_duplicates<=0.9 repeats near_duplicates<=0.8"),
        (["no_copy"], {"format": "texts", "task": "reconstruction"}, "drops every row of format texts"),
        (["no_html"], {"format": "running", "task": "generation"}, "running text would no longer go on"),
        (["near_duplicates"], {"turns": 3, "task": "chat"}, "each source has the turns before it"),
        (["no_html"], {"task": "sentiment"}, "labels in task sentiment: write source.no_html"),
        (["length_ratio"], {"task": "sentiment"}, "labels in task sentiment: remove it"),
    ],
)
def test_filters_that_cannot_be_meant(filters: list[str], fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        recipe(filters, **fields)


def test_filters_of_sources_alone_fit_labels() -> None:
    filters = ["unique_source", "near_duplicates", "source.no_html"]
    assert len(recipe(filters, "sentiment").corpus.filters) == 3


def test_one_text_is_a_list_of_one() -> None:
    assert recipe("no_html").corpus.filters == ["no_html"]
