"""Round trip: a model of the other direction translates an answer back, which should be much like the text.

A cheap estimate of quality without references (as in Rapp 2009): it finds answers that leave out, add or make up.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sacrebleu.metrics.chrf import CHRF

from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator


class RoundTrip:
    """Translates answers back, and compares."""

    reason = "the round trip is unlike the text"

    def __init__(self, back: "Generator", least: float) -> None:
        """Take the model of the other direction, and the least chrF of a text that came back, 0 to 100."""
        self._back, self.least = back, least

    def scores(self, texts: Sequence[str], answers: Sequence[str]) -> list[float]:
        """Return the chrF of each text that came back against the text.

        Raises:
            UserError: the model tells labels, or cannot answer one of the answers.
        """
        if not answers:
            return []
        columns: dict[str, list[Any]] = self._back.reply(list(answers), self._back.decoding)
        if "probabilities" in columns:
            raise UserError("the model of the round trip tells labels: give one that writes the texts' language")
        metric = CHRF()
        came_back = zip(columns["prediction"], texts, strict=True)
        return [metric.sentence_score(written, [text]).score for written, text in came_back]
