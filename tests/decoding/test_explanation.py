"""Integrated gradients add up to what the text changes, for every architecture."""

import pytest
import torch
from torch import Tensor

from seqloom.decoding.explanation import integrated_gradients
from seqloom.recipe.schema import ModelSection
from tests.models.test_base_classes import ARCHITECTURES, batch_of, fresh, pairs

EXPLAINED = (
    "rnn-gru-none",
    "sutskever",
    "cnn-gru-none",
    "transformer",
    "copying-cnn",
    "variational",
    "wide-classifier",
)


@pytest.mark.parametrize("section", [each for each in ARCHITECTURES if each.id in EXPLAINED])
def test_attributions_add_up_to_the_difference_the_text_makes(section: ModelSection) -> None:
    model, batch = fresh(section), batch_of(section, *pairs(section, (5, 3)))
    target = batch.target_output[0]

    def scores() -> Tensor:
        return model.project(model(batch)).float().log_softmax(dim=-1)[0].gather(1, target.unsqueeze(1)).squeeze(1)

    found = integrated_gradients(model, batch, scores)
    assert found.shape == (len(target), batch.source.shape[1])
    with torch.no_grad():
        whole = scores()
        handle = model.source_embedding.register_forward_hook(
            lambda _, ids, embedded: embedded * 0 if ids[0] is batch.source else embedded
        )
        empty = scores()
        handle.remove()
    torch.testing.assert_close(found.sum(dim=1), whole - empty, atol=0.02, rtol=0.1)
