"""What the terminal shows of an explanation."""

import pytest
from rich.console import Console

from seqloom.cli.explain_command import _show
from seqloom.decoding.explanation import ATTENTION, GRADIENTS, Explanation


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (Explanation(GRADIENTS, "bad", ["a", "soup"], ["bad"], [[0.1, -0.9]]), "Green speaks for bad"),
        (Explanation(ATTENTION, "", ["a", "soup"], ["</s>"], [[0.1, 0.9]]), "</s>  ← soup 0.90, a 0.10"),
        (Explanation(ATTENTION, "x", ["[red]a"], ["x", "</s>"], [[1.0], [1.0]]), "x  ← [red]a 1.00"),
        (Explanation(ATTENTION, "x", ["a"], ["x"], [[1.0]], "[red]y"), "memory or rules come first: [red]y"),
    ],
)
def test_a_label_has_its_words_and_a_text_its_tokens(
    found: Explanation, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _show(Console(width=200), found, None)
    assert shown in capsys.readouterr().out
