"""Initialization of embeddings from pretrained word vectors.

E embedding width, V vocabulary.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from seqloom.vocabulary.special_tokens import PADDING


def set_pretrained_vectors(embedding: nn.Embedding, vectors: NDArray[np.float32], frozen: bool) -> None:
    """Initialize `embedding` from `(V, E)` vectors, less what all have in common, with the spread of fresh weights.

    Vectors of a small corpus point one way: without their mean taken off, its words would start as one word. Padding
    stays zero. Mu and Viswanath, 2018, https://arxiv.org/abs/1702.01417
    """
    assert vectors.shape == tuple(embedding.weight.shape), (vectors.shape, embedding.weight.shape)
    words = np.arange(len(vectors)) != PADDING
    centered = vectors - vectors[words].mean(axis=0)
    centered[PADDING] = 0
    spread = float(centered[words].std()) or 1.0
    with torch.no_grad():
        embedding.weight.copy_(torch.from_numpy(centered / spread * embedding.embedding_dim**-0.5))
    embedding.weight.requires_grad_(not frozen)
