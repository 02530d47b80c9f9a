"""Slices of a test split by the rarest word of the source, as often as the training text has it."""

from collections import Counter
from collections.abc import Sequence

from seqloom.corpus.overlap import Chunks
from seqloom.evaluation.metric_words import words_of
from seqloom.evaluation.test_slices import Slice

SELDOM = 10  # times in the training text from which a word is well known


def rare_word_slices(sources: Sequence[str], training: Chunks) -> list[Slice]:
    """Return up to three slices: a word is not in the training text, seldom there, or all are well known.

    Letters of scripts without spaces are words. Memory grows with `sources` alone.
    """
    words = [set(words_of(source, "")) for source in sources]
    asked = set().union(*words)
    times = Counter(word for chunk in training for source in chunk for word in words_of(source, "") if word in asked)
    rarest = [min((times[word] for word in each), default=SELDOM) for each in words]
    names = {
        "with a word that training lacks": range(1),
        f"rarest word seen 1 to {SELDOM - 1} times": range(1, SELDOM),
        f"every word seen {SELDOM} times or more": range(SELDOM, max(rarest, default=SELDOM) + 1),
    }
    slices = [
        Slice(name, [row for row, seen in enumerate(rarest) if seen in span], "word") for name, span in names.items()
    ]
    return [each for each in slices if each.rows]
