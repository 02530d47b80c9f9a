"""Texts of the corpus that a model card shows are texts there, never Markdown."""

from seqloom.recipe.applications import metric_of_recipe
from seqloom.registry.card_text import slice_lines
from seqloom.registry.evidence import html
from tests.registry.tiny import recipe_named

IMAGE = "product: ![a](http://evil.example/x.png) | <b>"


def test_a_slice_whose_name_is_an_image_fetches_nothing() -> None:
    judge = metric_of_recipe(recipe_named("tiny"))
    page = html("\n".join(slice_lines([{"slice": IMAGE, "rows": 30, judge.name: 20.0}], judge)), "card")
    assert "<img" not in page
    assert "![a](http://evil.example/x.png) | &lt;b&gt;</td>" in page
