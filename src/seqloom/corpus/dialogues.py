"""Dialogues to pairs: what was said so far, and the reply to it."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise, starmap
from typing import NamedTuple

import regex

from seqloom.corpus.conversation import Conversation, listed_turns, spoken
from seqloom.corpus.file_io import readable_lines, without_end
from seqloom.corpus.json_objects import text_at, value_at
from seqloom.corpus.pairs import NOT_TEXT, RawPair, SplitGroup, Unreadable, Unusable
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import SIDE_FIELDS, object_rows, read_columns
from seqloom.errors import UserError
from seqloom.recipe.schema import Corpus

SINGLE_TURN, EMPTY_TURN, AFTER_GAP = "single turn", "empty turn", "behind an unreadable turn"
IN_PIECES = "dialogue in pieces"
_NAMELESS = ("", "nan", "null", "none", "<na>")  # what tools write of a dialogue that has no name
OPENING = 2  # turns that decide the split of a dialogue: those that begin alike are often alike on the whole
TELLING = 30  # letters of a turn and its reply that tell where they are from; "Thank you." and such are from anywhere
_NO_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")  # marks are vowels in many scripts


class Dialogue(NamedTuple):
    """Its turns as `spoken` writes them, at least one, and the line of each; None is a turn that cannot be read."""

    turns: list[str | None]
    lines: list[int]


def pairs_of(dialogues: Iterable[Dialogue | Unreadable], section: Corpus, place: str) -> Iterator[RawPair | Unreadable]:
    """Yield each turn but the first as the reply to those before it; the oldest are dropped where there are many.

    Raises:
        UserError: there are dialogues, and none has two turns.
    """
    conversation = Conversation.of(section)
    single = several = False
    for dialogue in dialogues:
        if isinstance(dialogue, Unreadable):
            yield dialogue
            continue
        alone = len(_known(dialogue)) == 1
        single, several = single or alone, several or not alone
        yield from _replies(dialogue, conversation)
    if single and not several:
        raise UserError(f"{place}: {_without_turns(section)}")


def read_turns(file: SourceFile, section: Corpus) -> Iterator[Dialogue | Unreadable]:
    """Yield the dialogue of each line; a separator at its end begins no turn. Blank lines are no dialogues."""
    separator, keep = section.turn_separator, section.whitespace == "keep"
    for row in readable_lines(file):
        if isinstance(row, Unreadable):
            yield row
            continue
        number, line = row
        text = without_end(line).strip()
        if text:
            turns = [spoken(turn, keep) for turn in text.removesuffix(separator).split(separator)]
            yield Dialogue([*turns], [number] * len(turns))


def read_questions(pairs: Iterable[RawPair | Unreadable], keep: bool) -> Iterator[Dialogue | Unreadable]:
    """Yield each pair as a question and its answer."""
    for pair in pairs:
        yield (
            pair
            if isinstance(pair, Unreadable)
            else Dialogue([spoken(pair.source, keep), spoken(pair.target, keep)], [pair.line] * 2)
        )


def read_lists(file: SourceFile, section: Corpus) -> Iterator[Dialogue | Unreadable]:
    """Yield the list of turns, or the question and its answer, of each object."""
    for row in object_rows(file, section, SIDE_FIELDS):
        if isinstance(row, Unreadable):
            yield row
            continue
        try:
            turns = _turns_of(row.value, section)
        except Unusable as mistake:
            yield Unreadable(mistake.reason, mistake.problem, file.place, row.line, str(row.value))
        else:
            yield Dialogue([*turns], [row.line] * len(turns))


def _turns_of(row: dict[str, object], section: Corpus) -> list[str]:
    """The turns of an object, at least one.

    Raises:
        Unusable: it holds something else.
    """
    value = value_at(row, section.source_column, "source_column")
    keep = section.whitespace == "keep"
    turns = listed_turns(value, keep)
    if turns is None and isinstance(value, list):
        raise Unusable(
            NOT_TEXT,
            f"the list at {section.source_column!r} holds something else than turns: write each as a text, or as an "
            "object with its text at 'content'",
        )
    if turns is None:
        sides = zip((section.source_column, section.target_column), SIDE_FIELDS, strict=True)
        turns = [spoken(text_at(row, key, field), keep) for key, field in sides]
    return turns or [""]


def read_grouped(file: SourceFile, section: Corpus) -> Iterator[Dialogue | Unreadable]:
    """Yield the rows that `dialogue_column` calls by one name: a turn each, or a turn and the next one.

    A row without a name is a dialogue of its own. One that cannot be read leaves a gap in the dialogue around it, and
    one whose dialogue has ended before is not read.
    """
    one_each = section.source_column == section.target_column
    seen: set[str] = set()
    name, dialogue = "", Dialogue([], [])
    for row in read_columns(file, section, ("dialogue_column", *SIDE_FIELDS)):
        if isinstance(row, Unreadable):
            yield row
            _say(dialogue, [None], row.line)
            continue
        line, (found, *sides) = row
        said = [spoken(side, section.whitespace == "keep") for side in sides]
        if found.strip().lower() in _NAMELESS:
            yield _say(Dialogue([], []), said[: 1 if one_each else 2], line)
        elif found != name and found in seen:
            problem = (
                f"dialogue {found[:40]!r} goes on here, and others stand between: sort the rows by "
                f"{section.dialogue_column!r}"
            )
            yield Unreadable(IN_PIECES, problem, file.place, line, said[0])
        else:
            if found != name:
                if _known(dialogue):
                    yield dialogue
                name, dialogue = found, Dialogue([], [])
                seen.add(name)
            told = not one_each and dialogue.turns[-1:] == said[:1]  # it was the next turn of the row before
            _say(dialogue, said[:1] if one_each else said[told:], line)
    if _known(dialogue):
        yield dialogue


def _say(dialogue: Dialogue, turns: Iterable[str | None], line: int) -> Dialogue:
    """Put turns that stand on a line at the end of a dialogue."""
    for turn in turns:
        dialogue.turns.append(turn)
        dialogue.lines.append(line)
    return dialogue


def _known(dialogue: Dialogue) -> list[str]:
    """The turns that can be read."""
    return [turn for turn in dialogue.turns if turn is not None]


def _replies(dialogue: Dialogue, conversation: Conversation) -> Iterator[RawPair]:
    known = _known(dialogue)
    kin = SplitGroup(
        _opening([turn for turn in known if turn]), frozenset(filter(None, starmap(_core, _exchanges(dialogue))))
    )
    if len(known) == 1:
        yield RawPair(known[0], "", dialogue.lines[dialogue.turns.index(known[0])], kin=kin, flaw=SINGLE_TURN)
        return
    before: list[str] = []
    gap = False
    for number, (turn, line) in enumerate(zip(dialogue.turns, dialogue.lines, strict=True)):
        if turn is None:
            before, gap = [], True
            continue
        if number and turn and before:
            yield RawPair(conversation.context(before), turn, line, _core(before[-1], turn), kin)
        elif number:
            flaw = AFTER_GAP if turn and gap else EMPTY_TURN
            yield RawPair(conversation.context(before), turn, line, kin=kin, flaw=flaw)
        before += [turn] if turn else []


def _exchanges(dialogue: Dialogue) -> Iterator[tuple[str, str]]:
    """Each turn with the next one, empty ones left out, and none across a gap."""
    for gap, turns in groupby(dialogue.turns, lambda turn: turn is None):
        if not gap:
            yield from pairwise(turn for turn in turns if turn)


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
