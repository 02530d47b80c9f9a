"""What a labeling model must beat: the most frequent label, and a linear model that is trained in seconds."""

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

MOST_WEIGHTS = 1 << 21  # columns × features; L-BFGS holds some forty numbers of each: 0.6 GB
MOST_PRODUCTS = 1 << 28  # columns × characters read: seconds a pass
MOST_PASSED = 1 << 33  # the same, of all passes: a minute or two
LEAST_OF_A_LABEL = 10  # rows, where it has so many
PASSES, LEAST_PASSES = 1000, 30
NGRAMS = 5  # that begin at a character, most of them known


def majority_baseline(train_labels: Sequence[str], rows: int) -> Replies:
    """Always the most frequent label of the training split, as surely as it is frequent there."""
    label, occurrences = min(Counter(train_labels).items(), key=lambda pair: (-pair[1], pair[0]))
    return {"prediction": [label] * rows, "probability": [occurrences / len(train_labels)] * rows}


def tfidf_baseline(
    train_texts: Sequence[str], train_labels: Sequence[str], texts: Sequence[str], progress: Progress
) -> Replies:
    """Logistic regression on TF-IDF weighted n-grams of 1 to 5 characters inside words, within `BaselineBudget`.

    Macro-F1 by five-fold cross-validation on MR, SST-2's training split and waimai_10k: 76.9, 78.1, 86.8; n-grams of up
    to 4 characters 76.2, 77.2, 87.1; one and two words 75.4, 75.7, 86.4; characters across words, up to 3, 74.2, 75.0,
    87.4.
    """
    bounds = BaselineBudget.of(train_texts, train_labels)
    rows = bounds.rows_of(train_texts, train_labels)
    progress(0, len(rows), "training rows", "TF-IDF baseline")
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True, max_features=bounds.features)
    model = make_pipeline(vectors, LogisticRegression(max_iter=bounds.passes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the passes are bounded, and it is said
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
    """What a logistic regression may cost: its memory grows with labels × features, its time with labels × text."""

    rows: int  # read at most; of each label a like share, and the same whatever their order
    features: int  # the most frequent n-grams
    passes: int  # over the rows
    whole: bool  # nothing is left out

    @classmethod
    def of(cls, texts: Sequence[str], labels: Sequence[str]) -> "BaselineBudget":
        """For these training rows; two labels have one column of weights."""
        kinds = len(set(labels))
        columns = kinds if kinds > 2 else 1
        characters = max(1, sum(map(len, texts)))
        affordable = int(len(texts) * MOST_PRODUCTS / (characters * columns))
        rows = min(len(texts), max(affordable, LEAST_OF_A_LABEL * kinds))
        products = characters * columns * rows / len(texts)
        passes = int(min(PASSES, max(LEAST_PASSES, MOST_PASSED / products)))
        features_fit = columns == 1 or columns * characters * NGRAMS <= MOST_WEIGHTS
        whole = rows == len(texts) and features_fit and passes == PASSES
        return cls(rows, MOST_WEIGHTS // columns, passes, whole)

    @property
    def in_words(self) -> str:
        """What is read of a large task."""
        return f"some {self.rows:,} rows, {self.features:,} n-grams at most, in {self.passes:,} passes at most"

    def rows_of(self, texts: Sequence[str], labels: Sequence[str]) -> list[int]:
        """The numbers of the rows that are read, in order: of each label those whose texts have the least digests."""
        if self.rows == len(texts):
            return list(range(len(texts)))
        by_label: dict[str, list[int]] = {}
        for row, label in enumerate(labels):
            by_label.setdefault(label, []).append(row)
        share, chosen = self.rows / len(texts), []
        for rows in by_label.values():
            count = min(len(rows), max(LEAST_OF_A_LABEL, round(share * len(rows))))
            chosen += sorted(rows, key=lambda row: digest_of_text(texts[row]))[:count]
        return sorted(chosen)
