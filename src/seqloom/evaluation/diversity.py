"""Do answers vary, or is everything answered alike?

Li et al. 2016, https://aclanthology.org/N16-1014
"""

from collections.abc import Sequence

from seqloom.evaluation.scores import Score
from seqloom.evaluation.word_segmentation import cutting, words_of

DIVERSITY = ("distinct1", "distinct2", "different")


def diversity_scores(answers: Sequence[str], language: str) -> dict[str, Score]:
    """Shares, 0 to 1: of different words and pairs of words among all, and of different answers.

    The more text, the smaller: only systems that answered the same rows compare.
    """
    words = [words_of(answer, language) for answer in answers]
    cut = f"tok:{cutting(language)}"
    figures = {
        "distinct1": (distinct(words, 1), f"different words / words of all answers|{cut}"),
        "distinct2": (distinct(words, 2), f"different pairs of words / pairs within all answers|{cut}"),
        "different": (len(set(answers)) / max(len(answers), 1), "different answers / answers"),
    }
    return {name: Score(name, value, signature) for name, (value, signature) in figures.items()}


def distinct(answers: Sequence[Sequence[str]], length: int) -> float:
    """The share of different n-grams of this length among all that stand within an answer; 0 without any."""
    ngrams = [gram for words in answers for gram in zip(*(words[start:] for start in range(length)), strict=False)]
    return len(set(ngrams)) / max(len(ngrams), 1)
