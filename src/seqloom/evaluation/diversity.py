"""Diversity of answers: distinct-n (Li et al. 2016, https://aclanthology.org/N16-1014) and distinct answers."""

from collections.abc import Sequence

from seqloom.evaluation.metric_words import segmentation_name, words_of
from seqloom.evaluation.sacrebleu_scores import Score

DIVERSITY = ("distinct1", "distinct2", "different")


def diversity_scores(answers: Sequence[str], language: str) -> dict[str, Score]:
    """Return distinct-1, distinct-2 and the share of different answers, each 0 to 1.

    They fall as text grows, so only systems that answered the same rows are comparable.
    """
    words = [words_of(answer, language) for answer in answers]
    tokenization = f"tok:{segmentation_name(language)}"
    values = {
        "distinct1": (distinct(words, 1), f"different words / words of all answers|{tokenization}"),
        "distinct2": (distinct(words, 2), f"different pairs of words / pairs within all answers|{tokenization}"),
        "different": (len(set(answers)) / max(len(answers), 1), "different answers / answers"),
    }
    return {name: Score(name, value, signature) for name, (value, signature) in values.items()}


def distinct(answers: Sequence[Sequence[str]], length: int) -> float:
    """Return the number of different n-grams of this length, over that of all n-grams in the answers; 0 if none."""
    ngrams = [gram for words in answers for gram in zip(*(words[start:] for start in range(length)), strict=False)]
    return len(set(ngrams)) / max(len(ngrams), 1)
