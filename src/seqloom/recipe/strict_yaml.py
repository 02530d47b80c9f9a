"""Strict YAML: ambiguous, invalid or unbounded input is refused with its line.

YAML silently takes the last of two equal keys, lets nine lines of aliases expand to a thousand million values, and
PyYAML lets Python's own exception through for a date in month 13.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from seqloom.url_mask import REFERENCE

NESTED = 40  # levels of lists and mappings
VALUES = 20_000  # in a text, with every alias expanded
DIGITS = 18  # of a whole number: more than any field takes


class DuplicateKey(yaml.MarkedYAMLError):
    """A key occurs twice in a mapping."""


class TabIndentation(yaml.MarkedYAMLError):
    """A tab stands where YAML takes only spaces."""


def load_yaml(text: str) -> Any:
    """Parse `text` by YAML's safe rules.

    Raises:
        yaml.YAMLError: the text is not YAML, or says more than a recipe can; `DuplicateKey` where a mapping has a key
            twice, `TabIndentation` where lines are indented with tabs.
    """
    text = _URL.sub(_kept_whole, text)
    try:
        with _marked(loader := _StrictLoader(text)):
            return loader.get_single_data()
    except yaml.reader.ReaderError as error:
        raise _unprintable(text, error) from None
    except yaml.MarkedYAMLError as error:
        raise _by_a_tab(text, error) or error from None


_URL = re.compile(r"""(?i)\b[a-z]+://[^\s"',\[\]]+""")
_STANDS_FOR = {"\ue000": "${", "\ue001": "}", "\ue002": "?"}  # characters that would end an unquoted URL in a [list]


def _kept_whole(found: re.Match[str]) -> str:
    """Replace ? and references in a URL by characters that YAML allows anywhere."""
    return REFERENCE.sub("\ue000\\1\ue001", found[0]).replace("?", "\ue002")


def _restored(text: str) -> str:
    for sign, meant in _STANDS_FOR.items():
        text = text.replace(sign, meant)
    return text


class _StrictLoader(yaml.SafeLoader):
    def __init__(self, text: str) -> None:
        self._depth = 0
        self._sizes: dict[int, int] = {}  # expanded values of each finished node, by id
        super().__init__(text)

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Bound nesting and the number of values that aliases expand to, before they are constructed."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self._depth += 1
        if self._depth > NESTED:
            raise yaml.composer.ComposerError(problem=f"lists or mappings over {NESTED} deep", problem_mark=mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and id(node) not in self._sizes:
            if isinstance(node, yaml.CollectionNode) and not node.end_mark:
                raise yaml.composer.ComposerError(problem="an alias within what it stands for", problem_mark=mark)
            self._sizes[id(node)] = size = 1 + sum(self._sizes[id(part)] for part in _parts(node))
            if size > VALUES:
                raise yaml.composer.ComposerError(problem=f"it stands for over {VALUES:,} values", problem_mark=mark)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Refuse equal keys as they are written, before those of `<<` are merged."""
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.composer.ComposerError(
                    problem="a list or a mapping where a key belongs", problem_mark=key.start_mark
                )
            name = (key.tag, key.value)
            if name in lines:
                raise DuplicateKey(
                    problem=f"{shortened(_restored(key.value))} is there already, in line {lines[name]}",
                    problem_mark=key.start_mark,
                )
            lines[name] = key.start_mark.line + 1
        return node

    def construct_scalar(self, node: Any) -> Any:
        """Return the scalar with its references restored."""
        return _restored(super().construct_scalar(node))

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Return the value of a node, with conversion errors as YAML errors."""
        try:
            value = super().construct_object(node, deep)
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
            kind = str(node.tag).rpartition(":")[2]
            problem = f"{_written(node)} is read as {_KINDS.get(kind, kind)} and is none: put text in quotes"
        else:
            if type(value) is not int or abs(value) < 10**DIGITS:
                return value
            problem = f"{_written(node)} is over {DIGITS} digits long: write a smaller number, or text in quotes"
        raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark)


_KINDS = {"int": "a whole number", "float": "a number", "timestamp": "a date", "bool": "true or false"}


def _parts(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _written(node: Any) -> str:
    return shortened(_restored(node.value)) if isinstance(node, yaml.ScalarNode) else f"a {node.id}"


def shortened(text: str, length: int = 40) -> str:
    """Return a text on one line, cut to `length` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


@contextmanager
def _marked(loader: _StrictLoader) -> Iterator[None]:
    """Turn Python's errors on malformed characters or huge numbers into YAML errors with a line."""
    try:
        yield
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
        problem = str(error).partition(";")[0]
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=loader.get_mark()) from None


def _unprintable(text: str, error: yaml.reader.ReaderError) -> yaml.MarkedYAMLError:
    """Return the error for a character that YAML does not allow, with its line."""
    position = int(error.position)
    mark = yaml.Mark("", position, text.count("\n", 0, position), 0, None, 0)
    return yaml.MarkedYAMLError(problem=f"the control character {text[position]!r} is not allowed", problem_mark=mark)


def _by_a_tab(text: str, error: yaml.MarkedYAMLError) -> TabIndentation | None:
    """Return an error about the tab, if the line of the error or the one before is indented with one."""
    mark = error.problem_mark
    if mark is None:
        return None
    lines = text.split("\n")
    for number in (mark.line, mark.line - 1):
        if 0 <= number < len(lines):
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            if "\t" in indent or (number == mark.line and lines[number][mark.column : mark.column + 1] == "\t"):
                tab = yaml.Mark("", mark.index, number, 0, None, 0)
                return TabIndentation(problem="a tab where YAML takes spaces: use spaces", problem_mark=tab)
    return None
