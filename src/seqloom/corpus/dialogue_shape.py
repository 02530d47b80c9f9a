"""Detect how a file stores dialogues from its first rows: turns per line, lists, or rows with a dialogue column."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from seqloom.corpus.column_preview import Column, Table, name_words
from seqloom.errors import UserError

TURNS = 3  # context of a reply, where dialogues are longer than a question and its answer
SEPARATORS = ("__eou__", "<eou>", "</s>", "[SEP]", "|||", "\t")  # between the turns of a line
_NAMES = frozenset(["dialogue", "dialog", "conversation", "conv", "thread", "session", "chat", "talk"])
_LISTS = frozenset(["turns", "messages", "utterances", "history", *_NAMES, *(f"{name}s" for name in _NAMES)])
_SPEAKERS = frozenset(["role", "speaker", "sender", "author", "user", "who", "from", "name"])
_TURNS_OF_A_DIALOGUE = 200  # mean rows of a dialogue, at most: a column with more is a category
_NAME_LENGTH = 64  # characters of the name of a dialogue, at most


@dataclass(frozen=True)
class DialogueShape:
    """Fields of a recipe's corpus section that describe the dialogues of a file."""

    turns: int
    replies: int  # in the first rows
    source_column: str = ""
    target_column: str = ""
    dialogue_column: str = ""
    turn_separator: str = ""  # of lines of turns


def detect_dialogues(table: Table, source: str, target: str, asked: bool) -> DialogueShape | None:
    """Detect the dialogues of a table; None if there are none, or if that is ambiguous.

    Unless a person `asked` for dialogues, only unambiguous ones are detected.
    """
    if table.format == "running":
        return _of_lines(table, asked)
    if table.format == "lines":
        return DialogueShape(1, len(table.columns[0].values)) if asked else None
    lists = {each.name: each for each in table.lists if asked or _LISTS & {*name_words(each.name)}}
    if source in lists or (not source and len(lists) == 1):
        name = source or next(iter(lists))
        return DialogueShape(TURNS, sum(max(0, len(each) - 1) for each in lists[name].dialogues), name, name)
    shape = _of_rows(table, source, target, asked)
    return _of_lines(table, asked) if shape is None and asked and table.lines and not source else shape


def _of_lines(table: Table, asked: bool) -> DialogueShape | None:
    """Detect one dialogue a line; white space is a separator only if dialogues are `asked` for."""
    lines = [line for line in table.lines if line.strip()]
    for separator in SEPARATORS if asked else SEPARATORS[:2]:
        several = [line.strip().removesuffix(separator).count(separator) for line in lines if separator in line]
        if 2 * len(several) > len(lines):
            return DialogueShape(TURNS if max(several) > 1 else 1, sum(several), turn_separator=separator)
    if asked:
        shown = ", ".join("tab" if each == "\t" else each for each in SEPARATORS)
        raise UserError(
            f"{table.location}: its lines hold no dialogues: write one a line, with {SEPARATORS[0]} between its turns "
            f"({shown} are known), or give a table"
        )
    return None


def _of_rows(table: Table, source: str, target: str, asked: bool) -> DialogueShape | None:
    """Detect rows grouped by a dialogue column or, if `asked`, rows of a question and its answer."""
    named = {column.name: column for column in table.columns}
    group = _group(table.columns, (source, target), asked)
    texts = [column.name for column in table.columns if column is not group and _is_turn(column)]
    first, second = _sides(texts, source, target)
    if not asked and (group is None or first != second or any(map(_is_label, table.columns))):
        return None
    if not first or (group is None and first == second):
        return None
    rows = len(named[first].values)
    if group is None:
        return DialogueShape(1, rows, first, second)
    replies = rows - len(set(group.values)) if first == second else rows
    return DialogueShape(TURNS, replies, first, second, group.name)


def _sides(texts: Sequence[str], source: str, target: str) -> tuple[str, str]:
    """Return the columns of a turn and of its reply: the same if there is one, empty if ambiguous."""
    if source or target:
        return source or target, target or source
    return (texts[0], texts[-1]) if 1 <= len(texts) <= 2 else ("", "")


def _is_label(column: Column) -> bool:
    """Return whether a column labels rows, other than by speaker."""
    return column.holds_labels and not _SPEAKERS & {*name_words(column.name)} and not _is_turn(column)


def _is_turn(column: Column) -> bool:
    """Return whether a column holds turns and not speakers."""
    spaced = 2 * sum(" " in value for value in column.values) > len(column.values)
    return column.holds_text and (spaced or not column.holds_labels)


def _group(columns: Sequence[Column], said: Sequence[str], asked: bool) -> Column | None:
    """Return the dialogue column: by its name, or if `asked`, by its values."""
    fitting = [column for column in columns if column.name not in said and _names_groups(column)]
    called = [column for column in fitting if _NAMES & {*name_words(column.name)}]
    if called or not asked:
        return called[0] if called else None
    return next(iter(fitting), None)


def _names_groups(column: Column) -> bool:
    """Return whether rows with equal values are adjacent, as those of a dialogue are."""
    runs, distinct, rows = sum(1 for _ in groupby(column.values)), len(set(column.values)), len(column.values)
    short = all(len(value) <= _NAME_LENGTH and " " not in value for value in column.values)
    return short and 1 < distinct < rows <= _TURNS_OF_A_DIALOGUE * distinct and runs <= 1.1 * distinct
