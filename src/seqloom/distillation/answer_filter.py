"""Filter of a teacher's answers: by agreement among them, length and copying."""

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Indel


@dataclass(frozen=True)
class AnswerFilter:
    """Limits for an answer."""

    agreement: float = 0.0  # least mean similarity to the other answers to the same text, 0 to 1
    length_ratio: float = 0.0  # longest allowed of the two sides over the shorter, in characters; 0: no limit
    copies: bool = True  # answers that repeat the text are kept

    def reason(self, source: str, answer: str, agreement: float) -> str:
        """Return why an answer is thrown away; empty where it is kept."""
        if not self.copies and answer.strip() == source.strip():
            return "a copy of the text"
        if self.length_ratio and _ratio(source, answer) > self.length_ratio:
            return f"more than {self.length_ratio:g} times as long or short"
        return "the answers disagree" if agreement < self.agreement else ""


def consensus(answers: Sequence[str]) -> tuple[str, float]:
    """Return the answer most like the others, and its mean similarity to them; one alone agrees with itself.

    This is minimum Bayes risk (Kumar & Byrne 2004) with the similarity of characters, twice the longest common
    subsequence over the length of both.
    """
    if len(answers) == 1:
        return answers[0], 1.0
    means = [
        sum(Indel.normalized_similarity(answer, other) for index, other in enumerate(answers) if index != number)
        / (len(answers) - 1)
        for number, answer in enumerate(answers)
    ]
    best = max(range(len(answers)), key=means.__getitem__)
    return answers[best], means[best]


def _ratio(source: str, answer: str) -> float:
    shorter, longer = sorted((len(source), len(answer)))
    return longer / max(1, shorter)
