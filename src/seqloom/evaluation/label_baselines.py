"""What a labelling model must beat: the most frequent label, and a linear model that is trained in seconds."""

from collections import Counter
from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from seqloom.evaluation.kinds.judge import Replies
from seqloom.progress import Progress


def majority_baseline(train_labels: Sequence[str], rows: int) -> Replies:
    """Always the most frequent label of the training split, as surely as it is frequent there."""
    label, occurrences = min(Counter(train_labels).items(), key=lambda pair: (-pair[1], pair[0]))
    return {"prediction": [label] * rows, "probability": [occurrences / len(train_labels)] * rows}


def tfidf_baseline(
    train_texts: Sequence[str], train_labels: Sequence[str], texts: Sequence[str], progress: Progress
) -> Replies:
    """Logistic regression on TF-IDF weighted n-grams of 1 to 5 characters inside words.

    Macro-F1 by five-fold cross-validation on MR, SST-2's training split and waimai_10k: 76.9, 78.1, 86.8; n-grams of up
    to 4 characters 76.2, 77.2, 87.1; one and two words 75.4, 75.7, 86.4; characters across words, up to 3, 74.2, 75.0,
    87.4.
    """
    progress(0, len(train_texts), "training rows", "TF-IDF baseline")
    model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True), LogisticRegression(max_iter=1000)
    )
    model.fit(train_texts, train_labels)
    probabilities = model.predict_proba(texts)
    best = probabilities.argmax(axis=1)
    progress(len(train_texts), len(train_texts), "training rows", "TF-IDF baseline")
    return {
        "prediction": [str(label) for label in model.classes_[best]],
        "probability": probabilities[range(len(best)), best].tolist(),
    }
