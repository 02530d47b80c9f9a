"""The result of a search."""

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.vocabulary.special_tokens import END, PADDING, START, UNKNOWN

SUPPRESSED_TOKENS = [PADDING, UNKNOWN, START]  # stand for no text: never generated


@dataclass(frozen=True)
class Hypothesis:
    """One answer to one source."""

    tokens: list[int]  # without START and END
    score: float  # log-probability divided by length ** length_penalty; closer to 0 is better
    truncated: bool = False  # it reached its length limit before END

    @classmethod
    def of_row(cls, tokens: Sequence[int], given: int, score: float) -> "Hypothesis":
        """Return the hypothesis in a row of token ids, of which the first `given` are the prompt."""
        written = tokens[given:]
        return cls([token for token in written if token not in (END, PADDING)], score, END not in written)
