"""A conversation as one text: its newest turns, with a mark between them that every vocabulary takes for one token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from seqloom.corpus.normalization import normalize
from seqloom.recipe.schema import Corpus

TURN = "‖"  # a sign, so no token crosses it; it stands close behind a turn, a space before the next
_NOT_TURN = "||"  # in place of one in a turn


@dataclass(frozen=True)
class Conversation:
    """How much a model sees of a conversation, and how it is written in one text."""

    turns: int  # before a reply
    separator: str
    characters: int  # of what is seen
    keep: bool = False  # the white space within a turn

    @classmethod
    def of(cls, section: Corpus) -> Self:
        """As the recipe has it."""
        return cls(section.turns, section.turn_separator, section.max_characters, section.whitespace == "keep")

    def split(self, text: str) -> list[str]:
        """The turns of a text, normalized; an empty one, as behind a last separator, is none."""
        parts = text.replace(self.separator, TURN).split(TURN)
        return [turn for turn in (trimmed(part, self.keep) for part in parts) if turn]

    def newest(self, text: str) -> str:
        """What is seen of the turns in a text."""
        return self.context(self.split(text))

    def wording(self, row: object) -> object:
        """The same of what may also be a list of turns; anything else as it is."""
        turns = self.split(row) if isinstance(row, str) else listed_turns(row, self.keep)
        return row if turns is None else self.context([turn for turn in turns if turn])

    def context(self, turns: Sequence[str]) -> str:
        """What is seen of normalized turns: the newest that there is room for, the last at least, as one text."""
        seen = turns[-self.turns :]
        between = f"{TURN} "
        length = sum(map(len, seen)) + len(between) * (len(seen) - 1)
        oldest = 0
        while oldest < len(seen) - 1 and length > self.characters:
            length -= len(seen[oldest]) + len(between)
            oldest += 1
        return between.join(seen[oldest:])


def trimmed(turn: str, keep: bool) -> str:
    """A turn, normalized; around it there is nothing, also where the white space within it is kept."""
    return normalize(turn, keep).strip()


def spoken(turn: str, keep: bool = False) -> str:
    """A turn, normalized, that holds no mark."""
    return trimmed(turn, keep).replace(TURN, _NOT_TURN)


def listed_turns(value: object, keep: bool = False) -> list[str] | None:
    """The turns of a list, each a text or {"content": text}, as logs of assistants have them; None if it is no such.

    What the system was told is no turn.
    """
    if not isinstance(value, list | tuple | np.ndarray):
        return None
    items = [item for item in value if not (isinstance(item, dict) and item.get("role") == "system")]
    turns = [item.get("content") if isinstance(item, dict) else item for item in items]
    if not all(turn is None or isinstance(turn, str) for turn in turns):
        return None
    return [spoken(turn or "", keep) for turn in turns]


def newest(ids: list[int], mark: int, most: int) -> list[int]:
    """The newest turns of a context in token ids, at most so many of them; the last turn at least."""
    if len(ids) <= most:
        return ids
    starts = [place + 1 for place, token in enumerate(ids) if token == mark]
    fitting = [start for start in starts if len(ids) - start <= most]
    return ids[min(fitting, default=max(starts, default=0)) :]
