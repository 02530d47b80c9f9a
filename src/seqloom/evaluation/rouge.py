"""ROUGE (Lin 2004, https://aclanthology.org/W04-1013), and length ratio, repetition and new words of summaries.

N rows.
"""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from seqloom.evaluation.metric_words import segmentation_name, words_of
from seqloom.evaluation.paired_bootstrap import Figures, SufficientStatistics, mean_of
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.unicode_scripts import scoring_language

ROUGE = ("rouge1", "rouge2", "rougeL")


class _Words:
    """Adapter of `words_of` to rouge-score's tokenizer interface."""

    def __init__(self, language: str) -> None:
        self._language = language

    def tokenize(self, text: str) -> list[str]:
        return words_of(text, self._language)


def rouge_of_rows(
    metrics: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], language: str
) -> dict[str, Figures]:
    """Return the F1 of each row, `(N,)`, 0 to 100, by metric; an empty hypothesis scores 0."""
    from rouge_score.rouge_scorer import RougeScorer  # nltk takes a second, and only an evaluation needs it

    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    scorer = RougeScorer(list(metrics), tokenizer=_Words(scoring_language(language, references)))
    rows = [scorer.score(*pair) for pair in zip(references, hypotheses, strict=True)]
    return {metric: np.array([100 * row[metric].fmeasure for row in rows]) for metric in metrics}


def count_rouge(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], language: str
) -> SufficientStatistics:
    """Return the statistics of a ROUGE metric, the mean F1 of the rows."""
    return mean_of(rouge_of_rows([metric], hypotheses, references, language)[metric])


def summary_scores(
    hypotheses: Sequence[str], references: Sequence[str], sources: Sequence[str], language: str
) -> dict[str, Score]:
    """Return ROUGE-1, -2 and -L, and three descriptive ratios: length, repeated trigrams and new words."""
    rows, language = rouge_of_rows(ROUGE, hypotheses, references, language), scoring_language(language, references)
    tokenization = f"tok:{segmentation_name(language)}"
    rouge = f"f1:mean of rows|stem:no|{tokenization}|rouge-score:{version('rouge-score')}"
    scores = {metric: Score(metric, mean_of(of_rows).value, rouge) for metric, of_rows in rows.items()}
    answers, wanted, read = ([words_of(text, language) for text in side] for side in (hypotheses, references, sources))
    shares = {
        "length_ratio": (_total(answers) / max(_total(wanted), 1), "words of all answers / of all references"),
        "repetition": (repetition(answers), "trigrams that the answer had before / trigrams"),
        "new_words": (new_words(answers, read), "words of answers that their source has not / words of answers"),
    }
    return scores | {name: Score(name, value, f"{what}|{tokenization}") for name, (value, what) in shares.items()}


def repetition(answers: Sequence[Sequence[str]]) -> float:
    """Return the share of trigrams that occurred earlier in the same answer, 0 to 1."""
    trigrams = [list(zip(words, words[1:], words[2:], strict=False)) for words in answers]
    repeated = sum(len(each) - len(set(each)) for each in trigrams)
    return repeated / max(_total(trigrams), 1)


def new_words(answers: Sequence[Sequence[str]], sources: Sequence[Sequence[str]]) -> float:
    """Return the share of words of the answers that are not in their sources, 0 to 1; 0 for extractive ones."""
    new = sum(word not in known for words, known in zip(answers, map(set, sources), strict=True) for word in words)
    return new / max(_total(answers), 1)


def _total(rows: Sequence[Sequence[object]]) -> int:
    return sum(len(row) for row in rows)
