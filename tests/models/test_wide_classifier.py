"""A classifier beside a linear model: the sum of both, and nothing else."""

import pytest
import torch
from torch.nn import functional as F

from seqloom.dataset.padded_batch import make_labeled_batch
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import Sizes, build_model
from seqloom.models.ngram_classifier import WideClassifier
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, START
from tests.models.plain import plain_model

BATCH = make_labeled_batch([[4, 5, 6], [7], [5, 6, 6, 6, 4]], [[4], [8], [5]])


def wide(**change: object) -> WideClassifier:
    torch.manual_seed(0)
    section = plain_model(**{"encoder": "cnn", "decoder": "classifier", "pooling": "mean", "ngram_order": 2, **change})
    model = build_model(section, Sizes(20, 9, 8, False, runs=6)).eval()
    assert isinstance(model, WideClassifier)
    linear = model.linear
    linear.keys = torch.tensor([3, 4, 5, 6, 7, (5 << 20) + 6])
    linear.weights, linear.bias = torch.randn(6, 5), torch.randn(5)
    return model


def alone(model: WideClassifier) -> EncoderDecoder:
    """The same network without the linear model."""
    parts = (model.source_embedding, model.target_embedding, model.encoder, model.decoder, model.output)
    return EncoderDecoder(*parts).train(model.training)


@pytest.mark.parametrize("shares", [(0.5, 1.0), (1.0, 0.0), (0.25, 3.0)])
def test_logits_are_shares_of_both(shares: tuple[float, float]) -> None:
    model = wide()
    model.shares = torch.tensor(shares)
    plain = alone(model)
    network = plain.project(plain(BATCH))[:, 0]
    expected = shares[0] * network
    expected[:, len(SPECIAL_TOKENS) :] += shares[1] * model.linear(BATCH.source)
    torch.testing.assert_close(model.project(model(BATCH))[:, 0], expected)
    memory = model.encode(BATCH.source)
    logits, _ = model.step(torch.full((3,), START), model.start(memory), memory)
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_network_learns_as_if_alone_and_has_company_when_it_has_learned(smoothing: float) -> None:
    model = wide(dropout=0.0)
    assert model.loss(BATCH, smoothing).isclose(alone(model).loss(BATCH, smoothing))
    model.shares = torch.tensor([0.5, 1.0])
    first = len(SPECIAL_TOKENS)
    labels = BATCH.target_output[:, 0] - first
    judged = F.cross_entropy(model(BATCH)[:, 0, first:], labels, label_smoothing=smoothing)
    torch.testing.assert_close(model.loss(BATCH, smoothing), judged)
    model.train()
    learned = model.loss(BATCH, smoothing)
    torch.testing.assert_close(learned, alone(model).loss(BATCH, smoothing))
    assert not learned.isclose(judged)


def test_nothing_of_the_linear_model_is_learned_and_all_of_it_is_saved() -> None:
    model = wide()
    assert {name for name, _ in model.named_parameters()} == {name for name, _ in alone(model).named_parameters()}
    own = model.state_dict().keys() - alone(model).state_dict().keys()
    assert own == {"shares", "linear.keys", "linear.weights", "linear.squares", "linear.bias"}
