"""Which faults are put where, and that each is one that Python can read."""

import ast
from pathlib import Path

import pytest

from tests.mutation.faults import Mutant, mutants_of

SOURCE = Path(__file__).parents[2] / "src" / "seqloom"


def faults(source: str) -> list[str]:
    return sorted(mutant.now for mutant in mutants_of(source, "a.py"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["(a <= b)", "(a >= b)"]),
        ("f(a == b)", ["f((a != b))", "pass"]),
        ("x = c < a < b", ["x = (c < a <= b)", "x = (c < a >= b)", "x = (c <= a < b)", "x = (c >= a < b)"]),
        ("x = a + b", ["x = (a - b)"]),
        ("x = a and b", ["x = (a or b)"]),
        ("x = not a", ["x = (a)"]),
        ("x = -a", ["x = (a)"]),
        ("x += a", ["pass", "x -= a"]),
        ("x[k] = a", ["pass"]),
        ("x = 7", ["x = 6", "x = 8"]),
        ("x = 0", ["x = 1"]),
        ("x = 1000", ["x = 10"]),
        ("x = 1 << 20", []),
        ("x = 0.5", ["x = 1.0"]),
        ("x = True", ["x = False"]),
        ("x = max(a, b)", ["x = min(a, b)"]),
        ("x = sorted(a)", ["x = list(a)"]),
        ("x = f(a, key=b)", ["x = f(a)"]),
        ("x = f((a, b))", ["x = f((a,))"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if True]"]),
        ("x = a if b else c", ["x = a if not (b) else c"]),
        ("if a:\n    b()", ["if not (a):", "pass"]),
        ("while a:\n    break", ["pass", "while not (a):"]),
        ("for a in b:\n    continue", ["break"]),
        ("raise ValueError(a + b)", ["pass"]),
        ("def f() -> bool:\n    return a", ["return not (a)"]),
        ("def f() -> int:\n    return len(a)", ["return (len(a)) + 1"]),
        ("def f(a: 3 | 4 = True) -> 5 | 6: ...", ["def f(a: 3 | 4 = False) -> 5 | 6: ..."]),
        ("x: dict[str, 3]", []),
        ("'''What 1 + 1 is.'''", []),
        ("x = 'text' + a", []),
        ("x = f'{a + 1}'", []),
        ("assert a > 1", []),
        ("@dataclass(frozen=True)\nclass A:\n    x: int", []),
        ("zip(a, b, strict=True)", ["pass"]),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    b = 0", ["b = 1"]),
        ("x = round(a - b, 3)", ["x = round((a + b), 3)"]),
    ],
)  # fmt: skip
def test_each_kind_of_fault(source: str, expected: list[str]) -> None:
    assert faults(source) == expected


def test_a_fault_knows_its_place_and_leaves_the_rest_alone() -> None:
    source = 'a = "天气"; b = "é" if x else y  # as it was\nif (\n    c\n    and d\n):\n    e = 1\n'
    chosen, joined, *_ = mutants_of(source, "a.py")
    assert chosen == Mutant(
        "a.py",
        range(1, 2),
        1,
        'a = "天气"; b = "é" if x else y  # as it was',
        'a = "天气"; b = "é" if not (x) else y  # as it was',
        source.replace("if x", "if not (x)"),
    )
    assert (joined.line, joined.lines, joined.was) == (3, range(2, 6), "c\n    and d")
    assert joined.source == source.replace("c\n    and d", "(c or d)")


def test_every_fault_of_our_own_code_is_python_and_changes_it() -> None:
    files = sorted(SOURCE.rglob("*.py"))[::9]
    every = [mutant for file in files for mutant in mutants_of(file.read_text(encoding="utf-8"), str(file))]
    for mutant in every[::20]:
        assert ast.unparse(ast.parse(mutant.source)) != ast.unparse(ast.parse(Path(mutant.file).read_text())), mutant
    assert all(mutant.line in mutant.lines for mutant in every)
    assert len(every) > 400
