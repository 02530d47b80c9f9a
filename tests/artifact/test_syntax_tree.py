"""What of a source counts: what it does, and neither how it is written down nor what is said about it."""

import ast
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.artifact import cache_key, digest
from seqloom.artifact.syntax_tree import digest_of_source

SOURCE = '''"""A module."""

import json

RATE = 0.1  # a figure
NAMES = ("one", "two")


class Learner:
    """A class."""

    rate: float = RATE
    """A string behind a field."""

    def step(self, size: int = 3) -> float:
        """A function."""
        total = self.rate + size
        if total > 1:
            return total * 2
        return json.loads("1")


async def wait() -> None:
    """Only this."""
'''
LIBRARY = Path(digest.__file__).parents[1]
MODULES = sorted(
    path
    for package in {each for one in cache_key.STAGES for each in one.code}
    for path in (LIBRARY / package).rglob("*.py")
)


def with_words(source: str, randoms: random.Random) -> str:
    """The source with comments, blank lines and docstrings added wherever a statement begins a line."""
    lines = source.splitlines()
    tree = ast.parse(source)
    additions: dict[int, list[str]] = {}
    for node in ast.walk(tree):
        for body in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            for statement in body if isinstance(body, list) else ():
                decorators = getattr(statement, "decorator_list", [])
                line = min([statement.lineno, *(each.lineno for each in decorators)])
                indent = " " * statement.col_offset
                if lines[line - 1][: statement.col_offset].strip() or lines[line - 1].lstrip().startswith("elif"):
                    continue  # it does not begin a line
                words = [f"{indent}# a note", "", f'{indent}"""Words."""', f'{indent}"more"  # words']
                if not isinstance(statement, ast.ImportFrom) or statement.module != "__future__":
                    additions[line] = randoms.sample(words, randoms.randint(0, len(words)))
    return "\n".join(one for number, line in enumerate(lines, 1) for one in (*additions.get(number, ()), line)) + "\n"


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.sampled_from(MODULES))
def test_words_and_layout_change_nothing(randoms: random.Random, module: Path) -> None:
    source = module.read_text(encoding="utf-8")
    assert digest_of_source(with_words(source, randoms).encode()) == digest_of_source(source.encode())


@settings(max_examples=20)
@given(st.sampled_from(MODULES))
def test_another_layout_and_other_docstrings_change_nothing(module: Path) -> None:
    class Reworded(ast.NodeTransformer):
        def visit_Expr(self, node: ast.Expr) -> ast.AST:
            is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            return ast.Expr(ast.Constant("Other words.")) if is_text else node

    source = module.read_bytes()
    assert digest_of_source(ast.unparse(Reworded().visit(ast.parse(source))).encode()) == digest_of_source(source)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.1", "0.2"),
        ("size: int = 3", "size: int = 4"),
        ("size: int = 3", "size: int"),
        ("size: int = 3", "*, size: int = 3"),
        ("self.rate + size", "self.rate - size"),
        ("total > 1", "total >= 1"),
        ("total > 1", "total > True"),
        ("total > 1", "total > 1.0"),
        ("total > 1", "1 > total"),
        ('"two"', '"twO"'),
        ('"two"', 'b"two"'),
        ('"one", "two"', '"two", "one"'),
        ('"one", "two"', '"one"'),
        ("return total * 2", "return (total * 2, )"),
        ("return total * 2", "total * 2"),
        ('return json.loads("1")', "return None"),
        ("async def wait", "def wait"),
        ("import json", "import json as other"),
        ("class Learner:", "class Learner(dict):"),
        ("def step(self", "@staticmethod\n    def step(self"),
    ],
)
def test_what_a_source_does_counts(old: str, new: str) -> None:
    assert old in SOURCE
    assert digest_of_source(SOURCE.replace(old, new).encode()) != digest_of_source(SOURCE.encode())


@settings(max_examples=30)
@given(st.sampled_from(MODULES), st.data())
def test_no_constant_and_no_operator_can_change_unseen(module: Path, data: st.DataObject) -> None:
    """Any one of a real module."""
    source = module.read_bytes()
    tree = ast.parse(source)
    words = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    kinds = (ast.Constant, ast.BinOp, ast.Compare)
    found = [node for node in ast.walk(tree) if isinstance(node, kinds) and id(node) not in words]
    if not found:
        return
    match data.draw(st.sampled_from(found)):
        case ast.Constant() as constant if isinstance(constant.value, str):
            constant.value += "x"
        case ast.Constant() as constant:
            constant.value = "another"
        case ast.BinOp() as operation:
            operation.op = ast.Mod() if not isinstance(operation.op, ast.Mod) else ast.Add()
        case ast.Compare() as comparison:
            comparison.ops[0] = ast.IsNot() if not isinstance(comparison.ops[0], ast.IsNot) else ast.Eq()
    assert digest_of_tree(tree) != digest_of_source(source)


def digest_of_tree(tree: ast.AST) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ast, "parse", lambda _: tree)
        return digest_of_source(b"")


def test_comments_of_types_and_prefixes_of_strings_do_not_count() -> None:
    assert digest_of_source(b"x = u'a'\n") == digest_of_source(b'x = "a"  # type: str\n')


def test_a_letter_that_no_file_can_hold_is_in_a_digest() -> None:
    assert digest_of_source(b"x = '\\ud800'\n") != digest_of_source(b"x = '\\ud801'\n")
