"""The word vectors of a trained model: a map of the commonest words, their neighbors, and scores on the user's files.

They are those of its embedding after training, of the source where it has an encoder. V vocabulary, D width.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.dataset.stage import open_split
from seqloom.decoding.generator import Generator
from seqloom.recipe.schema import EvaluationSection
from seqloom.vectors.embedding_matrix import EmbeddingMatrix
from seqloom.vectors.intrinsic_scores import intrinsic_scores
from seqloom.vectors.nearest_neighbors import find_neighbors
from seqloom.vectors.word_map import word_map

WORD_VECTORS = "word_vectors"  # field of an evaluation's facts
_NEIGHBORS_OF = 10  # words
_IDS_AT_ONCE = 1 << 24


def word_vectors(generator: Generator, dataset: Path, section: EvaluationSection) -> dict[str, Any]:
    """Return map, neighbors and scores of the vectors by which the model reads, for reports.

    Raises:
        UserError: a file of the section is not what it should be.
    """
    reads_source = generator.backend.has_encoder
    embedding = generator.model.source_embedding if reads_source else generator.model.target_embedding
    tokens = (generator.source if reads_source else generator.target).tokens
    matrix: NDArray[np.float32] = embedding.weight.detach().float().cpu().numpy()[: len(tokens)]  # (V, D)
    counts = _counts(dataset, reads_source, len(tokens))
    every = EmbeddingMatrix(matrix, np.ones(len(tokens), np.bool_))
    files = [Path(name) if name else None for name in (section.similarity_file, section.analogy_file)]
    scores = intrinsic_scores(tokens, matrix, counts, *files) if any(files) else {}
    return {
        "side": "source" if reads_source else "target",
        **word_map(tokens, matrix, counts),
        "neighbors": find_neighbors(tokens, every, counts, words=_NEIGHBORS_OF),
        **scores,
    }


def intrinsic_metrics(found: dict[str, Any]) -> dict[str, float]:
    """Return the metrics among the facts of `word_vectors`: a correlation, -1 to 1, and a share of analogies."""
    named = (("similarity", "spearman"), ("analogies", "accuracy"))
    return {name: found[name][value] for name, value in named if value in found.get(name, {})}


def _counts(dataset: Path, of_source: bool, size: int) -> NDArray[np.int64]:
    """Return how often each token stands in the training split, `(V,)`."""
    source, target = open_split(dataset, "train")
    side = source if of_source else target
    counts = np.zeros(size, np.int64)
    for start in range(0, side.tokens, _IDS_AT_ONCE):
        counts += np.bincount(side.ids[start : start + _IDS_AT_ONCE], minlength=size)[:size]
    return counts
