"""Classification baselines: the majority label, and logistic regression on TF-IDF n-grams."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from seqloom.evaluation.applications.evaluator import Replies
from seqloom.evaluation.row_sample import digest_of_text
from seqloom.progress import Progress

MAX_WEIGHTS = 1 << 21  # columns × features; L-BFGS holds about forty numbers for each: 0.6 GB
MAX_PRODUCTS = 1 << 28  # columns × characters read in a pass: seconds
MAX_TOTAL_PRODUCTS = 1 << 33  # the same, over all passes: a minute or two
MIN_ROWS_PER_LABEL = 10  # or all, if a label has fewer
MAX_PASSES, MIN_PASSES = 1000, 30
NGRAMS = 5  # n-grams that begin at a character, at most


def majority_baseline(train_labels: Sequence[str], rows: int) -> Replies:
    """Answer with the most frequent training label; its probability is its share of the training rows."""
    label, occurrences = min(Counter(train_labels).items(), key=lambda pair: (-pair[1], pair[0]))
    return {"prediction": [label] * rows, "probability": [occurrences / len(train_labels)] * rows}


def tfidf_baseline(
    train_texts: Sequence[str], train_labels: Sequence[str], texts: Sequence[str], progress: Progress
) -> Replies:
    """Answer by logistic regression on TF-IDF weighted n-grams of 1 to 5 characters inside words.

    Training is bounded by `BaselineBudget`.

    Macro-F1 by five-fold cross-validation on MR, SST-2's training split and waimai_10k: 76.9, 78.1, 86.8; n-grams of up
    to 4 characters 76.2, 77.2, 87.1; one and two words 75.4, 75.7, 86.4; characters across words, up to 3, 74.2, 75.0,
    87.4.
    """
    budget = BaselineBudget.of(train_texts, train_labels)
    rows = budget.sample(train_texts, train_labels)
    progress(0, len(rows), "training rows", "TF-IDF baseline")
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True, max_features=budget.features)
    model = make_pipeline(vectors, LogisticRegression(max_iter=budget.passes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the passes are bounded, and reported
        model.fit([train_texts[row] for row in rows], [train_labels[row] for row in rows])
    probabilities = model.predict_proba(texts)
    best = probabilities.argmax(axis=1)
    progress(len(rows), len(rows), "training rows", "TF-IDF baseline")
    return {
        "prediction": [str(label) for label in model.classes_[best]],
        "probability": probabilities[range(len(best)), best].tolist(),
    }


@dataclass(frozen=True)
class BaselineBudget:
    """Bounds on a logistic regression: its memory grows with labels × features, its time with labels × text."""

    rows: int  # read at most: an equal share of each label
    features: int  # the most frequent n-grams
    passes: int  # over the rows
    whole: bool  # True if the bounds leave nothing out

    @classmethod
    def of(cls, texts: Sequence[str], labels: Sequence[str]) -> "BaselineBudget":
        """Return the bounds for these training rows; two labels need one column of weights."""
        classes = len(set(labels))
        columns = classes if classes > 2 else 1
        characters = max(1, sum(map(len, texts)))
        affordable = int(len(texts) * MAX_PRODUCTS / (characters * columns))
        rows = min(len(texts), max(affordable, MIN_ROWS_PER_LABEL * classes))
        products = characters * columns * rows / len(texts)
        passes = int(min(MAX_PASSES, max(MIN_PASSES, MAX_TOTAL_PRODUCTS / products)))
        features_fit = columns == 1 or columns * characters * NGRAMS <= MAX_WEIGHTS
        whole = rows == len(texts) and features_fit and passes == MAX_PASSES
        return cls(rows, MAX_WEIGHTS // columns, passes, whole)

    @property
    def description(self) -> str:
        """The bounds as text, for reports."""
        return f"some {self.rows:,} rows, {self.features:,} n-grams at most, in {self.passes:,} passes at most"

    def sample(self, texts: Sequence[str], labels: Sequence[str]) -> list[int]:
        """Return the indices of the rows to read, in order: those of each label whose texts have the lowest digests."""
        if self.rows == len(texts):
            return list(range(len(texts)))
        by_label: dict[str, list[int]] = {}
        for row, label in enumerate(labels):
            by_label.setdefault(label, []).append(row)
        share, chosen = self.rows / len(texts), []
        for rows in by_label.values():
            count = min(len(rows), max(MIN_ROWS_PER_LABEL, round(share * len(rows))))
            chosen += sorted(rows, key=lambda row: digest_of_text(texts[row]))[:count]
        return sorted(chosen)
