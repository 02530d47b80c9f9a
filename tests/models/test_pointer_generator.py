"""Copying: the mixture by hand, coverage by loops, and the weights that every decoder tells."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.dataset.padded_batch import Batch, make_batch
from seqloom.models import pointer_generator
from seqloom.models.encoder_memory import Memory
from seqloom.models.model_factory import Sizes, build_model
from seqloom.models.multi_head_attention import CrossAttention, Shape
from seqloom.models.pointer_generator import PointerGenerator, coverage_loss
from seqloom.models.rnn_decoders import AdditiveDecoder, CoverageDecoder
from seqloom.vocabulary.special_tokens import END, PADDING
from tests.models.plain import plain_model

V = 12


def pointer(**change: Any) -> PointerGenerator:
    torch.manual_seed(0)
    section = plain_model(**{"copy_attention": True, "encoder_width": 6, "decoder_width": 8, "dropout": 0.0, **change})
    model = build_model(section, Sizes(V, V, 4, True))
    assert isinstance(model, PointerGenerator)
    return model


@pytest.fixture
def batch() -> Batch:
    random = np.random.default_rng(0)
    sides = [[random.integers(4, V, size, dtype=np.int32) for size in sizes] for sizes in ((3, 6, 1), (4, 2, 5))]
    return make_batch(*sides)


def test_the_mixture_by_hand() -> None:
    """Gate 3/4; two of three source places hold token 5, with attention 0.2 and 0.3, the last holds END with 0.5."""
    model = pointer()
    with torch.no_grad():
        model.gate.weight.zero_()
        model.gate.bias.fill_(math.log(3))
        model.output.weight.zero_()
        model.output.bias.zero_()
    weights = torch.tensor([[0.2, 0.3, 0.5, 0.0]])
    scores = model.mixture(torch.zeros(1, 4), weights, torch.tensor([[5, 5, END, PADDING]]))
    expected = torch.full((V,), 0.75 / V)
    expected[5] += 0.25 * 0.5
    expected[END] += 0.25 * 0.5
    torch.testing.assert_close(scores[0].exp(), expected)


def test_probabilities_add_up_to_one(batch: Batch) -> None:
    scores = pointer()(batch)
    torch.testing.assert_close(scores.exp().sum(dim=2), torch.ones(batch.target_output.shape))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_cross_entropy_of_the_mixture(
    smoothing: float, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In chunks or at once, and its gradients too; what is smoothed is what is written, not what is copied."""
    model = pointer()
    targets = batch.target_output.flatten()
    features, _ = model._read(batch)
    plain, spread = (
        F.cross_entropy(logits.flatten(0, 1), targets, ignore_index=PADDING, label_smoothing=share)
        for logits, share in ((model(batch), 0.0), (model.output(features), 1.0))
    )
    plain = torch.lerp(plain, spread, smoothing)
    expected = torch.autograd.grad(plain, list(model.parameters()))
    for chunk in (1, 5 * V, 1 << 20):
        monkeypatch.setattr(pointer_generator, "CHUNK_LOGITS", chunk)
        loss = model.loss(batch, smoothing)
        torch.testing.assert_close(loss, plain)
        torch.testing.assert_close(torch.autograd.grad(loss, list(model.parameters())), expected)


def test_looking_twice_by_loops() -> None:
    torch.manual_seed(0)
    weights = torch.rand(2, 5, 3).softmax(dim=2)
    found = coverage_loss(weights)
    for row in range(2):
        for place in range(5):
            expected = sum(min(weights[row, place, i].item(), weights[row, :place, i].sum().item()) for i in range(3))
            assert found[row, place].item() == pytest.approx(expected, abs=1e-6)


def test_coverage_joins_the_loss_of_training_alone(batch: Batch) -> None:
    """Validation figures stay comparable with those of other models."""
    model = pointer(coverage=2.0)
    real = batch.target_output != PADDING
    _, weights = model._read(batch)
    likelihood = F.nll_loss(model(batch)[real], batch.target_output[real])
    torch.testing.assert_close(model.train().loss(batch, 0.0), likelihood + 2.0 * coverage_loss(weights)[real].mean())
    torch.testing.assert_close(model.eval().loss(batch, 0.0), likelihood)


def test_coverage_enters_the_score() -> None:
    """v · tanh(W q + U k + w c), c being the weights so far."""
    torch.manual_seed(0)
    decoder = CoverageDecoder("gru", 4, 5, 1, 3, 0.0, covering=True)
    assert decoder.cover is not None
    with torch.no_grad():
        decoder.cover.weight.normal_(std=3.0)
    mask = torch.tensor([[True] * 4, [True] * 2 + [False] * 2])
    memory = decoder.prepare(Memory(torch.randn(2, 4, 3), mask, torch.randn(2, 3)))
    embedded = torch.randn(2, 3, 4)
    _, weights, _ = decoder.attend(embedded, decoder.start(memory), memory)
    attention, state, coverage = decoder.attention, decoder.start(memory), torch.zeros(2, 4)
    for place in range(3):
        query = attention.query(state.cells.hidden[-1]).unsqueeze(1)
        share = coverage.unsqueeze(2) * decoder.cover.weight.view(1, 1, -1)
        scores = (torch.tanh(query + attention.key(memory.states) + share) * attention.score.weight).sum(dim=2)
        expected = scores.masked_fill(~mask, -torch.inf).softmax(dim=1)
        torch.testing.assert_close(weights[:, place], expected)
        coverage = coverage + expected
        _, _, state = decoder.attend(embedded[:, place : place + 1], state, memory)
        torch.testing.assert_close(state.coverage, coverage)


def test_without_coverage_it_is_the_additive_decoder() -> None:
    torch.manual_seed(0)
    decoder = CoverageDecoder("lstm", 4, 5, 2, 3, 0.0, covering=False)
    plain = AdditiveDecoder("lstm", 4, 5, 2, 3, 0.0)
    plain.load_state_dict(decoder.state_dict())
    memory = plain.prepare(Memory(torch.randn(2, 4, 3), torch.ones(2, 4, dtype=torch.bool), torch.randn(2, 3)))
    embedded = torch.randn(2, 3, 4)
    ours, _ = decoder.run(embedded, decoder.start(memory), memory)
    theirs, _ = plain.run(embedded, plain.start(memory), memory)
    torch.testing.assert_close(ours, theirs)


def test_a_transformers_weights_are_torchs() -> None:
    torch.manual_seed(0)
    attention = CrossAttention(Shape(12, 3, 20, 0.0, True, False))
    nn.init.normal_(attention.q_proj.bias)
    theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight[:12].copy_(attention.q_proj.weight)
        theirs.in_proj_weight[12:24].copy_(torch.eye(12))
        theirs.in_proj_bias[:12].copy_(attention.q_proj.bias)
    keys, inputs = torch.randn(2, 5, 12), torch.randn(2, 4, 12)
    mask = torch.arange(5) < torch.tensor([[5], [2]])
    _, expected = theirs(inputs, keys, keys, key_padding_mask=~mask)
    torch.testing.assert_close(attention.weights(inputs, torch.cat([keys, keys], dim=2), mask), expected)


ATTENTIVE = [
    {"attention": "additive"},
    {"attention": "additive", "coverage": 1.0},
    {"attention": "multiplicative"},
    {"attention": "multiplicative", "input_feeding": True},
    {"decoder": "transformer", "heads": 2, "feedforward_width": 8, "decoder_layers": 2},
    {"decoder": "cnn", "decoder_layers": 2},
]


@pytest.mark.parametrize("change", ATTENTIVE, ids=str)
def test_every_decoder_tells_where_it_looks(change: dict[str, Any], batch: Batch) -> None:
    """Shares of one, none of it on padding, and the same features as a run that does not tell."""
    model = pointer(**change).eval()
    features, weights = model._read(batch)
    torch.testing.assert_close(weights.sum(dim=2), torch.ones(batch.target_output.shape))
    padding: Tensor = (batch.source == PADDING).unsqueeze(1).expand_as(weights)
    assert not weights[padding].any()
    memory = model.encode(batch.source)
    untold, _ = model.decoder.run(model.target_embedding(batch.target_input), model.start(memory), memory)
    assert untold.equal(features)
    assert weights.std(dim=2).min() > 0 or weights.shape[2] == 1


def test_a_rare_word_is_copied_from_where_it_stands() -> None:
    """Tokens 8 to 11 are never seen in training; a model that learned to repeat its source repeats them."""
    model = pointer(encoder_width=24, decoder_width=32, attention="multiplicative").train()
    random = np.random.default_rng(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        rows = [random.integers(4, 8, size=1, dtype=np.int32) for _ in range(16)]
        optimizer.zero_grad()
        model.loss(make_batch(rows, rows), 0.0).backward()
        optimizer.step()
    unseen = [np.array([token], dtype=np.int32) for token in range(8, 12)]
    batch = make_batch(unseen, unseen)
    with torch.no_grad():
        model.gate.bias.fill_(-20.0)  # copy
        copied = model.eval()(batch)[:, 0].argmax(dim=1)
        model.gate.bias.fill_(20.0)  # write
        written = model(batch)[:, 0].argmax(dim=1)
    assert copied.tolist() == [8, 9, 10, 11]
    assert written.tolist() != [8, 9, 10, 11]
