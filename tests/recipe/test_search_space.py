"""Search spaces: what a line means, and what is refused in a sentence."""

import pytest

from seqloom.bundled_files import bundled_file
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.recipe.search_space import Choice, Range, parse_space

RECIPE = load_recipe(bundled_file("recipes/demo.yaml"))


@pytest.mark.parametrize(
    ("line", "domain"),
    [
        ("model.encoder=lstm,gru", Choice("model.encoder", ("lstm", "gru"))),
        ("vocabulary.shared=true,false", Choice("vocabulary.shared", ("true", "false"))),
        ("training.epochs=2..9", Range("training.epochs", 2, 9, whole=True)),
        ("training.learning_rate=0.001..0.01", Range("training.learning_rate", 0.001, 0.01, whole=False)),
        ("training.learning_rate=1e-4..1e-2", Range("training.learning_rate", 1e-4, 1e-2, whole=False)),
        ("model.dropout=0..0.5", Range("model.dropout", 0, 0.5, whole=False)),
    ],
)
def test_what_a_line_means(line: str, domain: Choice | Range) -> None:
    assert parse_space(RECIPE, [line]) == (domain,)


@pytest.mark.parametrize(
    ("ends", "logarithmic"),
    [((0.001, 0.01), True), ((0.001, 0.009), False), ((0.0, 0.5), False), ((-1.0, 50.0), False)],
)
def test_a_range_over_a_power_of_ten_is_logarithmic(ends: tuple[float, float], logarithmic: bool) -> None:
    assert Range("x", *ends, whole=False).logarithmic is logarithmic


def test_a_number_has_four_digits_that_count_and_stays_in_its_range() -> None:
    domain = Range("x", 0.12344, 0.2, whole=False)
    assert domain.written(0.19876543) == "0.1988"
    assert domain.written(0.123441) == "0.12344"
    assert Range("x", 1, 9, whole=True).written(3) == "3"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "there is nothing to search: give a field with --space"),
        (["training.epochs"], "space training.epochs: it is written section.field=value,value"),
        (["training.epochs=3"], "one value leaves nothing to search"),
        (["training.epochs=9..2"], "a range goes from low to high, such as training.epochs=2..9"),
        (["training.epoch=2..9"], "space training.epoch: .*training.epoch.*did you mean.*epochs"),
        (["model.encoder=lsdm,grue"], "space model.encoder: .*lsdm"),
        (["training.epochs=2..9", "training.epochs=3,4"], "training.epochs is given twice"),
    ],
)
def test_what_is_no_space_is_one_sentence(lines: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        parse_space(RECIPE, lines)


def test_values_that_only_contradict_others_are_left_to_the_trials() -> None:
    """`dropout: 1` is refused, `0.1` is not: the space stands."""
    assert parse_space(RECIPE, ["model.dropout=0.1,1.0"])
