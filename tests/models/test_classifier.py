"""The classifier's pooling, and Kim's network as he draws it."""

import pytest
import torch
from torch.nn import functional as F

from seqloom.dataset.padded_batch import make_labeled_batch
from seqloom.models.classifier import Classifier, pool
from seqloom.models.encoder_memory import Memory
from seqloom.models.model_factory import Sizes, build_model
from tests.models.plain import plain_model

LENGTHS = (3, 5, 1)
MASK = torch.arange(5) < torch.tensor(LENGTHS).unsqueeze(1)


@pytest.mark.parametrize("how", ["summary", "mean", "max"])
def test_pooling_row_by_row(how: str) -> None:
    torch.manual_seed(0)
    memory = Memory(torch.randn(3, 5, 4), MASK, torch.randn(3, 4))
    pooled = pool(memory, how)
    for row, length in enumerate(LENGTHS):
        tokens = memory.states[row, :length]
        expected = {"summary": memory.summary[row], "mean": tokens.mean(dim=0), "max": tokens.max(dim=0).values}
        torch.testing.assert_close(pooled[row], expected[how])


def test_logits_are_the_labels_embeddings_times_the_features() -> None:
    torch.manual_seed(0)
    model = build_model(plain_model(encoder="cnn", decoder="classifier", pooling="max"), Sizes(20, 9, 8, False)).eval()
    batch = make_labeled_batch([[4, 5, 6], [7]], [[4], [8]])
    assert isinstance(model.decoder, Classifier)
    pooled = pool(model.encode(batch.source), "max")
    readout = model.decoder.readout
    features = torch.tanh(F.linear(pooled, readout.weight, readout.bias))
    expected = features @ model.target_embedding.weight.T + model.output.bias
    logits = model.project(model(batch))
    assert logits.shape == (2, 1, 9)
    torch.testing.assert_close(logits[:, 0], expected)
