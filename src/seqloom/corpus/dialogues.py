"""Read dialogues as pairs of context and reply."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise, starmap
from typing import NamedTuple

import regex

from seqloom.corpus.dialogue_context import Conversation, clean_turn, listed_turns
from seqloom.corpus.file_io import readable_lines, without_end
from seqloom.corpus.json_objects import text_at, value_at
from seqloom.corpus.pairs import NOT_TEXT, RawPair, RowError, SplitGroup, Unreadable, excerpt
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import SIDE_FIELDS, object_rows, read_columns
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

SINGLE_TURN, EMPTY_TURN, AFTER_GAP = "single turn", "empty turn", "behind an unreadable turn"
IN_PIECES = "dialogue in pieces"
_NAMELESS = ("", "nan", "null", "none", "<na>")  # missing dialogue names, as tools write them
OPENING = 2  # first turns, which decide the split: dialogues that begin alike are often near-duplicates
MIN_KEY = 30  # letters of a turn and its reply that identify them; "Thank you." and such recur by chance
_NO_LETTERS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")  # marks are vowels in many scripts


class Dialogue(NamedTuple):
    """Turns as `clean_turn` writes them, at least one, and the line of each; None is an unreadable turn."""

    turns: list[str | None]
    lines: list[int]


def reply_pairs(
    dialogues: Iterable[Dialogue | Unreadable], section: CorpusSection, location: str
) -> Iterator[RawPair | Unreadable]:
    """Yield each turn but the first as the reply to those before it, the oldest of which are dropped.

    Raises:
        UserError: no dialogue has two turns.
    """
    conversation = Conversation.of(section)
    single = several = False
    for dialogue in dialogues:
        if isinstance(dialogue, Unreadable):
            yield dialogue
            continue
        alone = len(_readable(dialogue)) == 1
        single, several = single or alone, several or not alone
        yield from _replies(dialogue, conversation)
    if single and not several:
        raise UserError(f"{location}: {_without_turns(section)}")


def read_turns(file: SourceFile, section: CorpusSection) -> Iterator[Dialogue | Unreadable]:
    """Yield the dialogue of each line; a separator at its end and blank lines are ignored."""
    separator, keep = section.turn_separator, section.whitespace == "keep"
    for row in readable_lines(file):
        if isinstance(row, Unreadable):
            yield row
            continue
        number, line = row
        text = without_end(line).strip()
        if text:
            turns = [clean_turn(turn, keep) for turn in text.removesuffix(separator).split(separator)]
            yield Dialogue([*turns], [number] * len(turns))


def read_questions(pairs: Iterable[RawPair | Unreadable], keep: bool) -> Iterator[Dialogue | Unreadable]:
    """Yield each pair as a dialogue of two turns."""
    for pair in pairs:
        yield (
            pair
            if isinstance(pair, Unreadable)
            else Dialogue([clean_turn(pair.source, keep), clean_turn(pair.target, keep)], [pair.line] * 2)
        )


def read_lists(file: SourceFile, section: CorpusSection) -> Iterator[Dialogue | Unreadable]:
    """Yield the dialogue of each object: a list of turns, or a question and its answer."""
    for row in object_rows(file, section, SIDE_FIELDS):
        if isinstance(row, Unreadable):
            yield row
            continue
        try:
            turns = _turns_of(row.value, section)
        except RowError as mistake:
            yield Unreadable(mistake.reason, mistake.problem, file.location, row.line, str(row.value))
        else:
            yield Dialogue([*turns], [row.line] * len(turns))


def _turns_of(row: dict[str, object], section: CorpusSection) -> list[str]:
    """Return the turns of an object, at least one.

    Raises:
        RowError: the value is no list of turns.
    """
    value = value_at(row, section.source_column, "source_column")
    keep = section.whitespace == "keep"
    turns = listed_turns(value, keep)
    if turns is None and isinstance(value, list):
        raise RowError(
            NOT_TEXT,
            f"the list at {section.source_column!r} holds something else than turns: write each as a text, or as an "
            "object with its text at 'content', or at 'value' beside 'from'",
        )
    if turns is None:
        sides = zip((section.source_column, section.target_column), SIDE_FIELDS, strict=True)
        turns = [clean_turn(text_at(row, key, field), keep) for key, field in sides]
    return turns or [""]


def read_grouped(file: SourceFile, section: CorpusSection) -> Iterator[Dialogue | Unreadable]:
    """Yield the dialogues of rows with equal `dialogue_column`: a turn each, or a turn and its reply.

    A row without a name is a dialogue of its own. An unreadable row leaves a gap in the dialogue around it; a row whose
    dialogue has ended before is reported as unreadable.
    """
    one_each = section.source_column == section.target_column
    seen: set[str] = set()
    name, dialogue = "", Dialogue([], [])
    for row in read_columns(file, section, ("dialogue_column", *SIDE_FIELDS)):
        if isinstance(row, Unreadable):
            yield row
            _append(dialogue, [None], row.line)
            continue
        line, (found, *sides) = row
        said = [clean_turn(side, section.whitespace == "keep") for side in sides]
        if found.strip().lower() in _NAMELESS:
            yield _append(Dialogue([], []), said[: 1 if one_each else 2], line)
        elif found != name and found in seen:
            problem = (
                f"dialogue {excerpt(found)!r} goes on here, and others stand between: sort the rows by "
                f"{section.dialogue_column!r}"
            )
            yield Unreadable(IN_PIECES, problem, file.location, line, said[0])
        else:
            if found != name:
                if _readable(dialogue):
                    yield dialogue
                name, dialogue = found, Dialogue([], [])
                seen.add(name)
            repeated = not one_each and dialogue.turns[-1:] == said[:1]  # the reply of the row before
            _append(dialogue, said[:1] if one_each else said[repeated:], line)
    if _readable(dialogue):
        yield dialogue


def _append(dialogue: Dialogue, turns: Iterable[str | None], line: int) -> Dialogue:
    """Append the turns of a line to a dialogue."""
    for turn in turns:
        dialogue.turns.append(turn)
        dialogue.lines.append(line)
    return dialogue


def _readable(dialogue: Dialogue) -> list[str]:
    """Return the readable turns."""
    return [turn for turn in dialogue.turns if turn is not None]


def _replies(dialogue: Dialogue, conversation: Conversation) -> Iterator[RawPair]:
    known = _readable(dialogue)
    group = SplitGroup(
        _opening([turn for turn in known if turn]), frozenset(filter(None, starmap(_dedup_key, _exchanges(dialogue))))
    )
    if len(known) == 1:
        yield RawPair(known[0], "", dialogue.lines[dialogue.turns.index(known[0])], group=group, flaw=SINGLE_TURN)
        return
    before: list[str] = []
    gap = False
    for number, (turn, line) in enumerate(zip(dialogue.turns, dialogue.lines, strict=True)):
        if turn is None:
            before, gap = [], True
            continue
        if number and turn and before:
            yield RawPair(conversation.context(before), turn, line, _dedup_key(before[-1], turn), group)
        elif number:
            flaw = AFTER_GAP if turn and gap else EMPTY_TURN
            yield RawPair(conversation.context(before), turn, line, group=group, flaw=flaw)
        before += [turn] if turn else []


def _exchanges(dialogue: Dialogue) -> Iterator[tuple[str, str]]:
    """Yield each turn with the next one, without empty ones and not across a gap."""
    for gap, turns in groupby(dialogue.turns, lambda turn: turn is None):
        if not gap:
            yield from pairwise(turn for turn in turns if turn)


def _opening(turns: list[str]) -> str:
    """Return the letters of the first turns, without the last one: a question with two answers has one opening."""
    return "\n".join(_letters(turn) or turn for turn in turns[: max(1, min(OPENING, len(turns) - 1))])


def _dedup_key(turn: str, reply: str) -> str:
    """Return the letters of a turn and its reply, or an empty string if they are few enough to recur by chance."""
    letters = f"{_letters(turn)}\n{_letters(reply)}"  # no turn has a line break
    return letters if len(letters) > MIN_KEY else ""


def _letters(turn: str) -> str:
    """Return a turn in lower case without spaces and punctuation."""
    return str(_NO_LETTERS.sub("", turn.lower()))


def _without_turns(section: CorpusSection) -> str:
    """Return the sentence for a corpus in which no dialogue has two turns."""
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
