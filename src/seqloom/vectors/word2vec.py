"""Train word2vec and fastText vectors on the training split, with gensim."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.recipe import schema
from seqloom.vectors.embedding_matrix import Lookup
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

# gensim's two million would fill gigabytes; a token has some twenty n-grams, of which others share more than half.
_BUCKETS_PER_TOKEN = 10


def options_of(section: schema.VectorsSection) -> dict[str, Any]:
    """Return the options of gensim's Word2Vec and FastText."""
    return {
        "min_count": 1,
        "vector_size": section.width,
        "sg": int(section.algorithm == "skip-gram"),
        "window": section.window,
        "negative": section.negative,
        "epochs": section.epochs,
        "workers": section.workers,
        "seed": section.seed,
    }


def learn_vectors(lines: Path, tokens: int, section: schema.VectorsSection, on_epoch: Callable[[], None]) -> Lookup:
    """Train a vector for every token in `lines`, a file of sentences with a space between tokens.

    `tokens` is the size of the vocabulary; `on_epoch` is called after every pass. With one worker the same lines give
    the same vectors. fastText also composes vectors of unseen tokens from their character n-grams.

    word2vec: Mikolov et al., 2013, https://arxiv.org/abs/1301.3781 and https://arxiv.org/abs/1310.4546
    fastText: Bojanowski et al., 2017, https://arxiv.org/abs/1607.04606
    """
    from gensim.models import FastText, Word2Vec  # slow, and absent where only training runs

    algorithm, options = Word2Vec, {}
    if section.method == "fasttext":
        algorithm, options = FastText, {"bucket": _BUCKETS_PER_TOKEN * tokens}
    learned = algorithm(
        corpus_file=str(lines),
        **options_of(section),
        callbacks=[_after_each_epoch(on_epoch)],
        **options,
    ).wv

    def look_up(token: str) -> NDArray[np.float32] | None:
        seen = token in learned.key_to_index
        composed = section.method == "fasttext" and token not in SPECIAL_TOKENS  # whose letters mean nothing
        return learned[token] if seen or composed else None

    return look_up


def _after_each_epoch(call: Callable[[], None]) -> Any:
    from gensim.models.callbacks import CallbackAny2Vec

    class AfterEachEpoch(CallbackAny2Vec):  # type: ignore[misc]
        """Callback of gensim that reports each epoch."""

        def on_epoch_end(self, model: object) -> None:  # noqa: ARG002
            """Report an epoch."""
            call()

    return AfterEachEpoch()
