"""What of YAML is refused, and what stays as it was."""

from typing import Any

import pytest
import yaml

from seqloom.recipe.strict_yaml import DuplicateKey, load_yaml


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 1", 2),
        ("a: 1\nb:\n  c: 1\n  'c': 2", 4),
        ("- {a: 1,\n   a: 2}", 2),
        ("a: {b: 1, b: 2}", 1),
        ("1: x\n2: y\n1: z", 3),
    ],
)
def test_a_key_said_twice(text: str, line: int) -> None:
    with pytest.raises(DuplicateKey) as caught:
        load_yaml(text)
    assert caught.value.problem_mark
    assert caught.value.problem_mark.line + 1 == line


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: {a: 2}\nc: {a: 3}",
        "- {a: 1}\n- {a: 2}",
        "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: {<<: *x}\nf: *x",  # what << brings may be said anew
        "1: x\n'1': y",
        "? [a, b]\n: 1",
        "",
        "[1, yes, 2026-01-31]",
    ],
)
def test_all_else_is_what_it_was(text: str) -> None:
    try:
        expected: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        with pytest.raises(yaml.YAMLError):
            load_yaml(text)
    else:
        assert load_yaml(text) == expected
