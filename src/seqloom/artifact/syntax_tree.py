"""Digest of a Python source's syntax tree, so that comments and formatting do not count.

Comments, blank lines and layout are not in a tree; docstrings, and other bare strings, are left out. The tree is
serialized here and not by `ast.dump`, whose format changes between Python versions.
"""

import ast
import hashlib


def digest_of_source(source: bytes) -> str:
    """Return the SHA-256 of the syntax tree of `source`; sources with equal digests run alike.

    Raises:
        SyntaxError: it is no Python.
    """
    text: list[str] = []
    waiting: list[object] = [ast.parse(source)]
    while waiting:  # depth first, so that order and nesting are in the text
        part = waiting.pop()
        if isinstance(part, ast.AST):
            fields = _fields(part)
            text.append(f"{type(part).__name__} {len(fields)}")  # with it no two trees have one text
            waiting += reversed(fields)
        elif isinstance(part, list):
            text.append(f"[{len(part)}]")
            waiting += reversed(part)
        else:
            text.append(repr(part))
    return hashlib.sha256("\0".join(text).encode("utf-8", "surrogatepass")).hexdigest()


def _fields(node: ast.AST) -> list[object]:
    """Return names and values in turn, without absent ones: None or an empty list, as Python versions differ."""
    if isinstance(node, ast.Constant):
        return [(node.value,)]  # None may be its value
    fields: list[object] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            value = [each for each in value if not _is_comment(each)]
        if value is not None and value != [] and name != "type_comment":
            fields += (name, value)
    return fields


def _is_comment(statement: object) -> bool:
    """Return whether a statement is a bare string, such as a docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
