"""A grid is every combination, and each of its overrides says exactly the value that was written."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from seqloom.errors import UserError
from seqloom.recipe.override_grid import combinations
from seqloom.recipe.recipe_loader import load_recipe

LONG = "registry.description=" + "a word and another " * 10 + "end"  # wider than YAML lines are
VALUES = st.one_of(
    st.integers(-(10**17), 10**17), st.booleans(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=2)
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], [()]),
        (["a.b=1"], [("a.b=1",)]),
        (
            ["model.encoder=lstm,gru", "training.seed=1, 2"],
            [
                ("model.encoder=lstm", "training.seed=1"),
                ("model.encoder=lstm", "training.seed=2"),
                ("model.encoder=gru", "training.seed=1"),
                ("model.encoder=gru", "training.seed=2"),
            ],
        ),
        (["corpus.train=[a, b],[c]"], [("corpus.train=[a, b]",), ("corpus.train=[c]",)]),
        (["registry.description='a, b',true"], [("registry.description=a, b",), ("registry.description=true",)]),
        ([LONG], [(LONG,)]),
    ],
)
def test_every_combination(lines: list[str], expected: list[tuple[str, ...]]) -> None:
    assert combinations(lines) == expected


@given(st.lists(VALUES, min_size=1, max_size=4))
@example(["\x85", "\u2028"])
@example([":0"])
def test_a_value_comes_through_as_it_was_written(values: list[object]) -> None:
    line = "a.b=" + yaml.safe_dump(values, default_flow_style=True, width=float("inf")).strip()[1:-1]
    assert [yaml.safe_load(override.partition("=")[2]) for (override,) in combinations([line])] == values


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["training.epochs"], "grid training.epochs: it is written section.field=value,value"),
        (["training.epochs="], "grid training.epochs=: it is written"),
        (["=1,2"], "grid =1,2: it is written"),
        (["a.b=[1,2"], "grid a.b=.1,2: it is written"),
        (["a.b=1", "a.b=2"], "grid: a.b is given twice; write all its values on one line"),
    ],
)
def test_a_mistake_is_one_sentence(lines: list[str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        combinations(lines)
    assert "\n" not in str(caught.value)


def test_an_override_of_a_grid_is_one_that_a_recipe_takes() -> None:
    demo = Path(__file__).parents[2] / "recipes" / "demo.yaml"
    widths = [load_recipe(demo, made).model.decoder_width for made in combinations(["model.decoder_width=64,128"])]
    assert widths == [64, 128]
