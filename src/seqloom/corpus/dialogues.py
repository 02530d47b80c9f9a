"""Dialogues to pairs: what was said so far, and the reply to it."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise, starmap
from typing import NamedTuple

import regex

from seqloom.corpus.conversation import Conversation, listed_turns, spoken
from seqloom.corpus.opening import read_lines, without_end
from seqloom.corpus.pairs import Kin, RawPair
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import SIDES, json_rows, json_text, json_value, read_columns
from seqloom.mistake import UserMistake
from seqloom.recipe.schema import Corpus

SINGLE_TURN, EMPTY_TURN = "single turn", "empty turn"
OPENING = 2  # turns that decide the split of a dialogue: those that begin alike are often alike on the whole
TELLING = 30  # letters of a turn and its reply that tell where they are from; "Thank you." and such are from anywhere
_NO_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")  # marks are vowels in many scripts


class Dialogue(NamedTuple):
    """Its turns as `spoken` writes them, at least one, and the line of each."""

    turns: list[str]
    lines: list[int]


def pairs_of(dialogues: Iterable[Dialogue], section: Corpus, place: str) -> Iterator[RawPair]:
    """Yield each turn but the first as the reply to those before it; the oldest are dropped where there are many.

    Raises:
        UserMistake: there are dialogues, and none has two turns.
    """
    conversation = Conversation.of(section)
    single = several = False
    for dialogue in dialogues:
        single, several = single or len(dialogue.turns) == 1, several or len(dialogue.turns) > 1
        yield from _replies(dialogue, conversation)
    if single and not several:
        raise UserMistake(f"{place}: {_without_turns(section)}")


def read_turns(file: SourceFile, section: Corpus) -> Iterator[Dialogue]:
    """Yield the dialogue of each line; a separator at its end begins no turn. Blank lines are no dialogues."""
    separator = section.turn_separator
    for number, line in enumerate(read_lines(file), start=1):
        text = without_end(line).strip()
        if text:
            turns = [spoken(turn) for turn in text.removesuffix(separator).split(separator)]
            yield Dialogue(turns, [number] * len(turns))


def read_questions(pairs: Iterable[RawPair]) -> Iterator[Dialogue]:
    """Yield each pair as a question and its answer."""
    for pair in pairs:
        yield Dialogue([spoken(pair.source), spoken(pair.target)], [pair.line] * 2)


def read_lists(file: SourceFile, section: Corpus) -> Iterator[Dialogue]:
    """Yield the list of turns, or the question and its answer, of the object on each line."""
    for number, row in json_rows(file):
        place = f"{file.place} line {number}"
        value = json_value(row, section.source_column, "source_column", place)
        turns = listed_turns(value)
        if turns is None:
            if isinstance(value, list):
                raise UserMistake(
                    f"{place}: the list at {section.source_column!r} holds something else than turns: write each as a "
                    "text, or as an object with its text at 'content'"
                )
            sides = zip((section.source_column, section.target_column), SIDES, strict=True)
            turns = [spoken(json_text(row, key, field, place)) for key, field in sides]
        turns = turns or [""]
        yield Dialogue(turns, [number] * len(turns))


def read_grouped(file: SourceFile, section: Corpus) -> Iterator[Dialogue]:
    """Yield the rows that `dialogue_column` calls by one name: a turn each, or a turn and the next one.

    Raises:
        UserMistake: rows of one dialogue stand apart.
    """
    one_each = section.source_column == section.target_column
    seen: set[str] = set()
    for name, rows in groupby(read_columns(file, section, ("dialogue_column", *SIDES)), lambda row: row[1][0]):
        turns: list[str] = []
        lines: list[int] = []
        for line, (_, source, target) in rows:
            said = [spoken(source)] if one_each else [spoken(source), spoken(target)]
            if not one_each and turns[-1:] == said[:1]:
                said = said[1:]  # the turn was the next one of the row before
            turns += said
            lines += [line] * len(said)
        if name in seen:
            raise UserMistake(
                f"{file.place} line {lines[0]}: dialogue {name[:40]!r} goes on here, and others stand between: sort "
                f"the rows by {section.dialogue_column!r}"
            )
        seen.add(name)
        yield Dialogue(turns, lines)


def _replies(dialogue: Dialogue, conversation: Conversation) -> Iterator[RawPair]:
    first, *replies = dialogue.turns
    said = [turn for turn in dialogue.turns if turn]
    kin = Kin(_opening(said), frozenset(filter(None, starmap(_core, pairwise(said)))))
    if not replies:
        yield RawPair(first, "", dialogue.lines[0], kin=kin, flaw=SINGLE_TURN)
    before = [first] if first else []
    for turn, line in zip(replies, dialogue.lines[1:], strict=True):
        if turn and before:
            yield RawPair(conversation.context(before), turn, line, _core(before[-1], turn), kin)
        else:
            yield RawPair(conversation.context(before), turn, line, kin=kin, flaw=EMPTY_TURN)
        before += [turn] if turn else []


def _opening(turns: list[str]) -> str:
    """How a dialogue begins, without the last turn: a question with two answers begins the same."""
    return "\n".join(_letters(turn) or turn for turn in turns[: max(1, min(OPENING, len(turns) - 1))])


def _core(turn: str, reply: str) -> str:
    """A turn and its reply, whatever was said before, if that much is hardly ever said twice by chance."""
    letters = f"{_letters(turn)}\n{_letters(reply)}"  # no turn has a line break
    return letters if len(letters) > TELLING else ""


def _letters(turn: str) -> str:
    """What stays of a turn that is written with other spaces and signs."""
    return str(_NO_LETTERS.sub("", turn.lower()))


def _without_turns(section: Corpus) -> str:
    """Why no dialogue has two turns."""
    if section.dialogue_column:
        return (
            f"no two rows have the same {section.dialogue_column!r}, so no dialogue has two turns: correct "
            "corpus.dialogue_column, or corpus.target_column if it holds the next turn"
        )
    if section.format == "texts":
        return (
            f"no line has two turns with {section.turn_separator!r} between them: correct corpus.turn_separator, or "
            "corpus.format"
        )
    return "no list has two turns: correct corpus.source_column"
