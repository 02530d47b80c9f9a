"""Single faults in Python source: each a small change that a test of the changed code should notice.

What is changed: comparisons, arithmetic, `and` and `or`, `not`, conditions, numbers and truth values, what is returned,
`min` and `max` and their like, statements, keyword arguments, and the last element of a tuple that is an argument.
Left alone are annotations, decorators, docstrings, assertions, texts, and what a mistake says.
"""

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
# These say something to people, or hold what a type checker holds too.
_KEPT_ARGUMENTS = {"strict", "encoding", "description", "title", "examples", "help", "ensure_ascii"}
_KEPT_ARGUMENTS |= {"device", "non_blocking"}  # and there is but one device where these tests run
_MANY = 100  # a size that was chosen: one more or less of it is no fault, a hundredth is


@dataclass(frozen=True)
class Mutant:
    """A file with one fault in it."""

    file: str
    lines: range  # of the statement that the fault is in, or of its head: a test that knows it passes through one
    line: int  # where the fault begins
    was: str  # the lines that are changed
    now: str
    source: str  # the whole file with the fault


def mutants_of(source: str, file: str) -> list[Mutant]:
    """Every fault that can be put into this file, in its order."""
    text = _Text(source)
    collector = _Collector()
    collector.visit(ast.parse(source))
    made = {text.change(file, node, lines, new) for node, lines, new in collector.found}
    return sorted(made, key=lambda mutant: (mutant.line, mutant.now))


class _Text:
    """Source by the places of a syntax tree, whose columns are bytes."""

    def __init__(self, source: str) -> None:
        self.bytes = source.encode()
        self.starts = [0]
        for line in self.bytes.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def change(self, file: str, node: ast.expr | ast.stmt, lines: range, new: str) -> Mutant:
        """The file with `new` instead of `node`."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first, last = self.starts[node.lineno - 1], self.starts[node.end_lineno]
        start, end = first + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset
        was = self.bytes[first:last].decode()
        now = (self.bytes[first:start] + new.encode() + self.bytes[end:last]).decode()
        whole = (self.bytes[:start] + new.encode() + self.bytes[end:]).decode()
        return Mutant(file, lines, node.lineno, was.strip(), now.strip(), whole)


class _Collector(ast.NodeVisitor):
    """The places of a tree that can be changed, each with what would stand there."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.expr | ast.stmt, range, str]] = []
        self.lines = range(0)
        self.returns = ""  # what the function around says that it returns

    def add(self, node: ast.expr | ast.stmt, new: str) -> None:
        self.found.append((node, self.lines, new))

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self.lines = _head(node)
        super().visit(node)

    # Statements

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if any(ast.unparse(each) == "overload" for each in node.decorator_list):
            return
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default:
                self.visit(default)
        outer, self.returns = self.returns, ast.unparse(node.returns) if node.returns else ""
        self._visit_all(node.body)
        self.returns = outer

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 as ast wants it

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all(node.body)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Our own check of ourselves."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            self.add(node, "pass")
            self.visit(node.value)
        elif not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self.add(node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.add(node, "pass")
        with _changed(node, "op", _ARITHMETIC[type(node.op)]()):
            self.add(node, ast.unparse(node))
        self.generic_visit(node)

    def visit_Delete(self, node: ast.Delete) -> None:
        self.add(node, "pass")

    def visit_Raise(self, node: ast.Raise) -> None:
        self.add(node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.add(node, "break")

    def visit_Break(self, node: ast.Break) -> None:
        self.add(node, "pass")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value and self.returns == "bool" and _is_plain(node.value):
            self.add(node.value, f"not ({ast.unparse(node.value)})")
        if node.value and self.returns in ("int", "float") and not isinstance(node.value, ast.Constant):
            self.add(node.value, f"({ast.unparse(node.value)}) + 1")
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" not in ast.unparse(node.test):
            self._condition(node.test)
            self.visit(node.test)
            self._visit_all(node.body)
        self._visit_all(node.orelse)

    def visit_While(self, node: ast.While) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard:
            self.lines = range(node.pattern.lineno, max(node.body[0].lineno, node.pattern.lineno + 1))
            self._condition(node.guard)
            self.visit(node.guard)
        self._visit_all(node.body)

    # Expressions

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self.add(condition, "True")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """What people read; before Python 3.12 its parts have no places of their own."""

    def visit_Compare(self, node: ast.Compare) -> None:
        for place, operator in enumerate(node.ops):
            for other in _COMPARISONS[type(operator)]:
                ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                with _changed(node, "ops", ops):
                    self.add(node, f"({ast.unparse(node)})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        with _changed(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And()):
            self.add(node, f"({ast.unparse(node)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if all(isinstance(side, ast.Constant) for side in (node.left, node.right)):
            return  # a size as well, such as 1 << 20
        if not any(_is_text(side) for side in (node.left, node.right)):
            with _changed(node, "op", _ARITHMETIC[type(node.op)]()):
                self.add(node, f"({ast.unparse(node)})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub):
            self.add(node, f"({ast.unparse(node.operand)})")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _CALLS and (node.func.id[0] != "m" or node.args[1:]):
            with _changed(node, "func", ast.Name(_CALLS[node.func.id])):
                self.add(node, ast.unparse(node))
        for place, argument in enumerate(node.keywords):
            if argument.arg and argument.arg not in _KEPT_ARGUMENTS:
                with _changed(node, "keywords", [*node.keywords[:place], *node.keywords[place + 1 :]]):
                    self.add(node, ast.unparse(node))
        if isinstance(node.func, ast.Name) and node.func.id == "round":
            self.visit(node.args[0])  # how many digits people see of it is no matter
            return
        for argument in node.args:
            if isinstance(argument, ast.Tuple) and len(argument.elts) > 1:
                with _changed(argument, "elts", argument.elts[:-1]):
                    self.add(argument, ast.unparse(argument))
        self._visit_all([node.func, *node.args])
        self._visit_all([each.value for each in node.keywords if each.arg not in _KEPT_ARGUMENTS])

    def visit_Constant(self, node: ast.Constant) -> None:
        match node.value:
            case bool():
                self.add(node, str(not node.value))
            case int() if node.value >= _MANY:
                self.add(node, str(node.value // _MANY))
            case int():
                for other in {node.value + 1, max(0, node.value - 1)} - {node.value}:
                    self.add(node, str(other))
            case float():
                self.add(node, str(node.value * 2 or 1.0))

    def _condition(self, test: ast.expr) -> None:
        if _is_plain(test):
            self.add(test, f"not ({ast.unparse(test)})")

    def _visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


@contextmanager
def _changed(node: ast.AST, field: str, value: object) -> Iterator[None]:
    """The node with something else in it, for a moment."""
    before = getattr(node, field)
    setattr(node, field, value)
    try:
        yield
    finally:
        setattr(node, field, before)


def _is_plain(test: ast.expr) -> bool:
    """Not negated by another fault already."""
    negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    return not (negated or isinstance(test, ast.Constant) or (isinstance(test, ast.Compare) and len(test.ops) == 1))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _head(statement: ast.stmt) -> range:
    """The lines of a statement, without those of the statements in it."""
    body = getattr(statement, "body", None) or getattr(statement, "cases", None)
    if not body:
        return range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    first = body[0].pattern if isinstance(body[0], ast.match_case) else body[0]
    return range(statement.lineno, max(first.lineno, statement.lineno + 1))
