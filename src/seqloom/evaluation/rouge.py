"""ROUGE: which words of a reference a summary has. Lin 2004, https://aclanthology.org/W04-1013

And what ROUGE does not see: how long summaries are, how often they repeat themselves, and what they do not take from
the source. N rows.
"""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np

from seqloom.evaluation.scores import Score
from seqloom.evaluation.significance import Figures, SufficientStatistics, mean_of
from seqloom.evaluation.unicode_scripts import scored_as
from seqloom.evaluation.word_segmentation import cutting, words_of

ROUGE = ("rouge1", "rouge2", "rougeL")


class _Words:
    """`words_of` as rouge-score wants a tokenizer."""

    def __init__(self, language: str) -> None:
        self._language = language

    def tokenize(self, text: str) -> list[str]:
        return words_of(text, self._language)


def rouge_of_rows(
    metrics: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], language: str
) -> dict[str, Figures]:
    """The F1 of each row `(N,)`, 0 to 100, by metric; an empty hypothesis earns nothing."""
    from rouge_score.rouge_scorer import RougeScorer  # nltk takes a second, and only an evaluation needs it

    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    scorer = RougeScorer(list(metrics), tokenizer=_Words(scored_as(language, references)))
    rows = [scorer.score(*pair) for pair in zip(references, hypotheses, strict=True)]
    return {metric: np.array([100 * row[metric].fmeasure for row in rows]) for metric in metrics}


def count_rouge(
    metric: str, hypotheses: Sequence[str], references: Sequence[str], language: str
) -> SufficientStatistics:
    """A score that is the mean over the rows: their F1, and how many they are."""
    return mean_of(rouge_of_rows([metric], hypotheses, references, language)[metric])


def summary_scores(
    hypotheses: Sequence[str], references: Sequence[str], sources: Sequence[str], language: str
) -> dict[str, Score]:
    """ROUGE-1, -2 and -L, and three shares, 0 to 1, that tell of summaries without judging them."""
    rows, language = rouge_of_rows(ROUGE, hypotheses, references, language), scored_as(language, references)
    cut = f"tok:{cutting(language)}"
    rouge = f"f1:mean of rows|stem:no|{cut}|rouge-score:{version('rouge-score')}"
    scores = {metric: Score(metric, mean_of(of_rows).figure, rouge) for metric, of_rows in rows.items()}
    answers, wanted, read = ([words_of(text, language) for text in side] for side in (hypotheses, references, sources))
    shares = {
        "length_ratio": (_total(answers) / max(_total(wanted), 1), "words of all answers / of all references"),
        "repetition": (repetition(answers), "trigrams that the answer had before / trigrams"),
        "new_words": (new_words(answers, read), "words of answers that their source has not / words of answers"),
    }
    return scores | {name: Score(name, value, f"{what}|{cut}") for name, (value, what) in shares.items()}


def repetition(answers: Sequence[Sequence[str]]) -> float:
    """The share of trigrams that stood in the same answer before."""
    trigrams = [list(zip(words, words[1:], words[2:], strict=False)) for words in answers]
    repeated = sum(len(each) - len(set(each)) for each in trigrams)
    return repeated / max(_total(trigrams), 1)


def new_words(answers: Sequence[Sequence[str]], sources: Sequence[Sequence[str]]) -> float:
    """The share of the words of answers that do not stand in their sources: 0 for what only copies."""
    new = sum(word not in known for words, known in zip(answers, map(set, sources), strict=True) for word in words)
    return new / max(_total(answers), 1)


def _total(rows: Sequence[Sequence[object]]) -> int:
    return sum(len(row) for row in rows)
