"""Detect source column, target column, languages and task of a table."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, quantiles

from seqloom.corpus.column_preview import Column, Table, is_spaced_symbols, name_words
from seqloom.corpus.dialogue_shape import DialogueShape, detect_dialogues
from seqloom.corpus.labeled_lines import labeled_texts
from seqloom.corpus.language_variants import closest
from seqloom.errors import UserError
from seqloom.recipe.language_tags import language_of

SOURCES = ("source", "src", "text", "input", "question", "prompt", "sentence", "review", "body", "article", "document",
           "message", "content", "comment")  # fmt: skip
TARGETS = ("target", "tgt", "label", "output", "answer", "reply", "response", "summary", "title", "subject", "headline",
           "translation", "sentiment", "class", "category")  # fmt: skip
LONG = 150  # mean characters of texts that are worth a summary
SHORTENED = 0.35  # length of a summary in relation to its text, at most
USUAL_LENGTH = 1000  # characters: corpus.max_characters where a recipe is silent
LONGEST = 20_000
PASSAGES = 200  # of running text, which are its rows


@dataclass(frozen=True)
class Roles:
    """Columns and task of a table; without a target it is text for a language model."""

    source: str = ""
    target: str = ""
    task: str = "generation"
    source_language: str = ""  # BCP 47; empty if unknown
    target_language: str = ""
    max_characters: int = 0  # 0: the default is enough
    dialogues: DialogueShape | None = None
    format: str = ""  # as corpus.format says it; empty: that of the table


def detect_roles(table: Table, source: str = "", target: str = "", task: str = "") -> Roles | None:
    """Detect the roles that are not given; None if that is ambiguous.

    Raises:
        UserError: a given column is missing.
    """
    if table.format in ("po", "mo"):
        return Roles(task=task or "translation")
    if table.format in ("tmx", "xliff"):
        return _of_languages(table, source, target, task)
    _check_given(table, source, target)
    if task in ("", "chat") and (shape := detect_dialogues(table, source, target, asked=task == "chat")):
        return Roles(shape.source_column, shape.target_column, "chat", dialogues=shape)
    if task == "chat":
        return None
    if table.format == "lines":
        return _roles(table.columns[0], table.columns[1], task)
    if task == "reconstruction":
        return _reconstruction(table, source or target)
    if not table.columns and not table.lists and task in ("", "generation", "sentiment"):
        return _of_lines(table, task)
    found = _pair(table.columns, source, target)
    if found and (task == "generation" or (found[1] is None and not task)):
        return Roles(found[0].name, max_characters=_passage(sum(map(len, found[0].values))))
    if found is None or found[1] is None:  # any other task has a target
        return None
    return _roles(found[0], found[1], task)


def _of_languages(table: Table, source: str, target: str, task: str) -> Roles | None:
    """Return the roles of a translation memory, whose columns are languages; None if they are not two."""
    codes = [column.name for column in table.columns]
    for said, option in ((source, "--source"), (target, "--target")):
        if said and codes and not closest(said, codes):
            raise UserError(f"{table.location} is not in {said}: {option} may be {', '.join(codes)}")
    if source and not target:
        target = next((code for index, code in enumerate(codes) if index not in closest(source, codes)), "")
    elif target and not source:
        source = next((code for index, code in enumerate(codes) if index not in closest(target, codes)), "")
    elif not source:
        if len(codes) > 2:
            return None
        source, target = [*codes, "", ""][:2]
    first, second = (language.tag if (language := language_of(code)) else "" for code in (source, target))
    return Roles(task=task or "translation", source_language=first, target_language=second)


def _of_lines(table: Table, task: str) -> Roles | None:
    """Return the roles of plain lines: labels and texts, or running text."""
    if task != "generation" and (texts := labeled_texts(table, asked=task == "sentiment")):
        return Roles(task="sentiment", format="labeled", max_characters=_length(texts))
    return None if task == "sentiment" else Roles(max_characters=_passage(table.characters))


def _check_given(table: Table, source: str, target: str) -> None:
    names = [column.name for column in table.columns] + [column.name for column in table.lists]
    for said, option in ((source, "--source"), (target, "--target")):
        if said and not names:
            raise UserError(f"{table.location} has no columns: remove {option}")
        if said and said not in names:
            raise UserError(f"{table.location} has no column {said!r}: {option} may be {', '.join(names)}")


def _reconstruction(table: Table, said: str) -> Roles | None:
    """Return the roles for reconstruction: one column, or each line, is source and target."""
    if not table.columns:
        return Roles(task="reconstruction")
    texts = [column for column in table.columns if column.name == said or (not said and column.holds_text)]
    if len(texts) > 1:
        texts = [column for column in texts if not column.holds_labels]
    if len(texts) != 1:
        return None
    return Roles(texts[0].name, texts[0].name, "reconstruction", max_characters=_length(texts[0]))


def _pair(columns: Sequence[Column], source: str, target: str) -> tuple[Column, Column | None] | None:
    usable = [column for column in columns if column.holds_text or column.holds_labels]
    if len(varied := [column for column in usable if not column.is_constant]) > 1:  # else it may be sorted by label
        usable = varied
    texts = [column for column in usable if not column.holds_labels]
    named = {column.name: column for column in columns}
    first, second = named.get(source), named.get(target)
    if not first and not second and len(by_language := [column for column in texts if _language(column.name)]) == 2:
        return by_language[0], by_language[1]
    first = first or _called(SOURCES, [column for column in usable if column != second])
    second = second or _called(TARGETS, [column for column in usable if column != first])
    if first and second:
        return first, second
    rest = [column for column in usable if column not in (first, second)]
    if first or second:
        if len(rest) == 1:
            return (first, rest[0]) if first else (rest[0], second)
        return (first, None) if first and not rest else None
    labels = [column for column in usable if column.holds_labels]
    if len(texts) == len(labels) == 1:
        return texts[0], labels[0]
    if len(usable) == 1:
        return usable[0], None
    return (usable[0], usable[1]) if len(usable) == 2 else None


def _roles(source: Column, target: Column, task: str) -> Roles:
    task = task or _task_of(source, target)
    one, other = _language(source.name), _language(target.name)
    if task != "translation" or not (one and other):
        one = other = ""
    return Roles(source.name, target.name, task, one, other, _length(source, target))


def _task_of(source: Column, target: Column) -> str:
    if target.holds_labels:
        return "sentiment"
    if any(is_spaced_symbols(value) for value in target.values[:1]):
        return "transduction"
    long, short = (mean(map(len, column.values or ("",))) for column in (source, target))
    return "summarization" if long >= LONG and short <= SHORTENED * long else "translation"


def _length(*columns: Column) -> int:
    """Return the 95th percentile of lengths in characters, rounded up, or 0 if the default is enough."""
    longest = max(quantiles(map(len, column.values), n=20)[-1] if len(column.values) > 1 else 0.0 for column in columns)
    return 0 if longest <= USUAL_LENGTH else min(LONGEST, 500 * (int(longest) // 500 + 1))


def _passage(characters: int) -> int:
    """Return passage length in characters such that a short text makes about 200 of them; 0 for the default."""
    wanted = characters // PASSAGES // 50 * 50
    return 0 if wanted >= USUAL_LENGTH else max(100, wanted)


def _called(names: Sequence[str], columns: Sequence[Column]) -> Column | None:
    """Return the column with the earliest of these names, as its whole name or its first or last word."""
    for name in names:
        exact = [column for column in columns if column.name.strip().lower() == name]
        close = [column for column in columns if name in (name_words(column.name)[:1] + name_words(column.name)[-1:])]
        if exact or len(close) == 1:
            return (exact or close)[0]
    return None


def _language(name: str) -> str:
    """Return the language in a column's name (en, text_de, translation.pt-BR, english), or an empty string."""
    tag = re.search(r"(?:^|[._\s/])([a-z]{2}([-_][A-Z]{2})?)$", name) or re.fullmatch(r"([A-Z]{2})", name)
    words = [tag[1]] if tag else [word for word in name_words(name) if len(word) > 4]
    for word in words:
        if word not in (*SOURCES, *TARGETS) and (language := language_of(word)):
            return language.tag
    return ""
