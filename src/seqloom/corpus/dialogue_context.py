"""Dialogue context as one text: the newest turns, joined by a separator that is one token in every vocabulary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from seqloom.corpus.normalization import normalize
from seqloom.recipe.schema import CorpusSection

TURN = "‖"  # punctuation, so no token crosses it; follows a turn directly, with a space before the next
_NOT_TURN = "||"  # replaces TURN within a turn


@dataclass(frozen=True)
class Conversation:
    """Context window of a dialogue, and how it is written as one text."""

    turns: int  # turns before a reply
    separator: str  # of turns in the text of a request
    characters: int  # characters of the context, at most
    keep: bool = False  # keep white space within a turn

    @classmethod
    def of(cls, section: CorpusSection) -> Self:
        """Read the settings of a recipe."""
        return cls(section.turns, section.turn_separator, section.max_characters, section.whitespace == "keep")

    def split(self, text: str) -> list[str]:
        """Split a text into normalized turns, without empty ones."""
        parts = text.replace(self.separator, TURN).split(TURN)
        return [turn for turn in (trimmed(part, self.keep) for part in parts) if turn]

    def newest(self, text: str) -> str:
        """Return the context of the turns in a text."""
        return self.context(self.split(text))

    def request_context(self, row: object) -> object:
        """Return the context of a request, a text or a list of turns; any other value as it is."""
        turns = self.split(row) if isinstance(row, str) else listed_turns(row, self.keep)
        return row if turns is None else self.context([turn for turn in turns if turn])

    def context(self, turns: Sequence[str]) -> str:
        """Join the newest normalized turns that fit, the last one at least, into one text."""
        seen = turns[-self.turns :]
        between = f"{TURN} "
        length = sum(map(len, seen)) + len(between) * (len(seen) - 1)
        oldest = 0
        while oldest < len(seen) - 1 and length > self.characters:
            length -= len(seen[oldest]) + len(between)
            oldest += 1
        return between.join(seen[oldest:])


def trimmed(turn: str, keep: bool) -> str:
    """Normalize a turn and strip it, also where the white space within it is kept."""
    return normalize(turn, keep).strip()


def clean_turn(turn: str, keep: bool = False) -> str:
    """Normalize a turn and replace any turn separator in it."""
    return trimmed(turn, keep).replace(TURN, _NOT_TURN)


def listed_turns(value: object, keep: bool = False) -> list[str] | None:
    """Return the turns of a list of texts or of chat messages; None for any other value.

    A message is `{"role": …, "content": text}`, or `{"from": …, "value": text}` as in ShareGPT; those of the system
    are left out.
    """
    if not isinstance(value, list | tuple | np.ndarray):
        return None
    items = [item for item in value if not (isinstance(item, dict) and _speaker(item) == "system")]
    turns = [_message_text(item) if isinstance(item, dict) else item for item in items]
    if not all(turn is None or isinstance(turn, str) for turn in turns):
        return None
    return [clean_turn(turn or "", keep) for turn in turns]


def _speaker(message: dict[str, Any]) -> Any:
    return message.get("role", message.get("from"))


def _message_text(message: dict[str, Any]) -> Any:
    return message.get("value") if "from" in message and "content" not in message else message.get("content")


def newest_turns(ids: list[int], mark: int, most: int) -> list[int]:
    """Cut a context of token ids to its newest whole turns, at most `most` ids; keep the last turn at least."""
    if len(ids) <= most:
        return ids
    starts = [position + 1 for position, token in enumerate(ids) if token == mark]
    fitting = [start for start in starts if len(ids) - start <= most]
    return ids[min(fitting, default=max(starts, default=0)) :]
