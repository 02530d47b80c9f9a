"""Fit of the vector space of a trained model on its training texts."""

import torch

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.vector_space import VectorSpace

TEXTS = 4_000  # read, or one batch more: enough for the covariance of some hundred numbers, and seconds of work


@torch.inference_mode()
def map_texts(model: EncoderDecoder, batches: BucketedBatches) -> VectorSpace:
    """Fit the vector space of a model on the CPU, from the first texts of a shuffled epoch."""
    model.eval()
    vectors: list[torch.Tensor] = []
    for rows, _ in batches.epoch(seed=0, epoch=0):
        vectors.append(model.encode(batches.batch(rows).source).summary)
        if sum(map(len, vectors)) >= TEXTS:
            break
    return VectorSpace.of(torch.cat(vectors))
