"""The contract every architecture keeps, over all encoders × decoders × attentions."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from seqloom.dataset.padded_batch import Batch, make_batch, make_labeled_batch
from seqloom.dataset.training_objectives import layout_of
from seqloom.decoding.greedy_search import greedy_search
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import Sizes, build_model, read_checkpoint, save_checkpoint
from seqloom.models.ngram_classifier import WideClassifier
from seqloom.models.weight_layout import lay_out_for_decoding
from seqloom.recipe.schema import ModelSection
from seqloom.training.precision import precision_context
from seqloom.vocabulary.special_tokens import PADDING
from tests.models.plain import plain_model

SIZES = Sizes(source=29, target=31, width=16, shared=False)
SHARED = Sizes(source=31, target=31, width=16, shared=True)
CELLS = ("rnn", "lstm", "gru")
ARCHITECTURES = [
    pytest.param(plain_model(encoder=e, decoder=d, attention=a, encoder_width=12, decoder_width=24), id=f"{e}-{d}-{a}")
    for e, d, a in itertools.product(CELLS, CELLS, ("none", "additive", "multiplicative"))
] + [
    pytest.param(
        plain_model(
            attention=a,
            encoder_width=12,
            decoder_width=20,
            encoder_layers=2,
            decoder_layers=2,
            bidirectional=b,
            tie_embeddings=t,
        ),
        id=f"deep-{a}-{'both' if b else 'forward'}-{'tied' if t else 'untied'}",
    )
    for a, b, t in [("none", True, False), ("additive", False, True), ("multiplicative", True, True)]
]

TINY_TRANSFORMER = {"encoder_width": 16, "decoder_width": 24, "heads": 2, "feedforward_width": 32}
ARCHITECTURES += [
    pytest.param(plain_model(encoder=e, decoder=d, **TINY_TRANSFORMER, **options), id=name)
    for e, d, options, name in [
        ("transformer", "transformer", {}, "transformer"),
        (
            "transformer",
            "transformer",
            {"norm": "post", "positions": "learned", "max_positions": 20},
            "transformer-post",
        ),
        ("transformer", "transformer", {"positions": "rotary", "decoder_layers": 2}, "transformer-rotary"),
        ("lstm", "transformer", {"encoder_layers": 2}, "lstm-transformer"),
        ("transformer", "gru", {"attention": "additive"}, "transformer-gru"),
        ("cnn", "cnn", {"encoder_layers": 2, "decoder_layers": 2, "positions": "learned", "max_positions": 20}, "cnn"),
        ("cnn", "lstm", {"kernel_size": 4}, "cnn-lstm"),
        ("cnn", "gru", {"attention": "none"}, "cnn-gru-none"),
        ("cnn", "transformer", {}, "cnn-transformer"),
        ("transformer", "cnn", {"kernel_size": 2}, "transformer-cnn"),
        ("gru", "cnn", {}, "gru-cnn"),
        ("lstm", "lstm", {"attention": "none", "reverse_source": True, "bidirectional": False}, "sutskever"),
        ("lstm", "lstm", {"attention": "multiplicative", "input_feeding": True, "decoder_layers": 2}, "luong"),
        ("gru", "lstm", {"variational_dropout": True, "decoder_layers": 2, "encoder_layers": 2}, "variational"),
        ("gru", "gru", {"variational_dropout": True, "attention": "none"}, "variational-none"),
        ("none", "gru", {"variational_dropout": True}, "variational-language"),
        ("lstm", "lstm", {"copy_attention": True}, "copy_attention"),
        ("lstm", "lstm", {"copy_attention": True, "coverage": 1.0, "variational_dropout": True}, "covering"),
        (
            "gru",
            "gru",
            {"attention": "multiplicative", "copy_attention": True, "coverage": 0.5},
            "copying-multiplicative",
        ),
        ("rnn", "rnn", {"attention": "multiplicative", "copy_attention": True, "input_feeding": True}, "copying-luong"),
        (
            "transformer",
            "transformer",
            {"copy_attention": True, "coverage": 1.0, "decoder_layers": 2},
            "copying-transformer",
        ),
        ("cnn", "cnn", {"copy_attention": True, "decoder_layers": 2}, "copying-cnn"),
        ("none", "transformer", {"decoder_layers": 2}, "gpt"),
        ("none", "lstm", {"decoder_layers": 2}, "language-lstm"),
        ("none", "cnn", {"decoder_layers": 2, "kernel_size": 4}, "language-cnn"),
        ("lstm", "classifier", {"encoder_layers": 2}, "lstm-classifier"),
        ("cnn", "classifier", {"pooling": "max"}, "cnn-classifier"),
        ("transformer", "classifier", {"pooling": "mean"}, "transformer-classifier"),
        ("cnn", "classifier", {"ngram_order": 2}, "wide-classifier"),
    ]
]

over_architectures = pytest.mark.parametrize("section", ARCHITECTURES)
over_writers = pytest.mark.parametrize("section", [p for p in ARCHITECTURES if p.values[0].decoder != "classifier"])


def sizes_of(section: ModelSection) -> Sizes:
    if section.ngram_order:
        return replace(SIZES, runs=SIZES.source)
    return SHARED if section.encoder == "none" or section.copy_attention else SIZES


def pairs(section: ModelSection, *lengths: tuple[int, int], seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Random ids; a classifier's targets are one token."""
    random = np.random.default_rng(seed)
    labels = section.decoder == "classifier"
    sources = [random.integers(4, SIZES.source, size=s, dtype=np.int32) for s, _ in lengths]
    targets = [random.integers(4, SIZES.target, size=1 if labels else t, dtype=np.int32) for _, t in lengths]
    return sources, targets


def batch_of(section: ModelSection, sources: list[np.ndarray], targets: list[np.ndarray]) -> Batch:
    """All pairs in one batch, in the layout the architecture learns from."""
    layout = layout_of(section)
    if layout == "labels":
        return make_labeled_batch(sources, targets)
    if layout == "texts":
        targets = [np.concatenate(pair) for pair in zip(sources, targets, strict=True)]
    return make_batch(sources, targets)


def fresh(section: ModelSection) -> EncoderDecoder:
    torch.manual_seed(0)
    model = build_model(section, sizes_of(section)).eval()
    if isinstance(model, WideClassifier):
        model.linear.keys = torch.arange(SIZES.source)
        model.linear.weights = 0.1 * torch.randn(model.linear.weights.shape)
    return model


def answer_tokens(section: ModelSection) -> list[list[int]]:
    """What the fresh model answers to two sources, greedily."""
    model, longest = fresh(section), 1 if section.decoder == "classifier" else 10
    source = batch_of(section, *pairs(section, (3, 2), (5, 2))).source
    return [list(answer.tokens) for answer in greedy_search(model, *model.read(source), longest, length_penalty=1.0)]


@over_architectures
def test_padding_changes_nothing(section: ModelSection) -> None:
    """A row gives the same hidden features alone and beside rows of other lengths."""
    model = fresh(section)
    sources, targets = pairs(section, (3, 4), (9, 2), (1, 7))
    together = model(batch_of(section, sources, targets))
    for row in range(3):
        alone = model(batch_of(section, sources[row : row + 1], targets[row : row + 1]))[0]
        torch.testing.assert_close(together[row, : len(alone)], alone, atol=1e-5, rtol=1e-4)


@over_architectures
def test_memory_says_what_is_padding(section: ModelSection) -> None:
    batch = batch_of(section, *pairs(section, (3, 4), (9, 2)))
    memory = fresh(section).encode(batch.source)
    assert memory.mask.equal(batch.source != PADDING)
    assert memory.states.shape[:2] == batch.source.shape
    assert memory.summary.shape == (2, memory.states.shape[2])


@over_architectures
def test_step_equals_forward(section: ModelSection) -> None:
    model = fresh(section)
    batch = batch_of(section, *pairs(section, (5, 6), (2, 3), (8, 8)))
    at_once = model.project(model(batch))  # (B, T, V)
    memory = model.encode(batch.source)
    state = model.start(memory)
    for place, token in enumerate(batch.target_input.unbind(dim=1)):
        logits, state = model.step(token, state, memory)
        torch.testing.assert_close(logits, at_once[:, place], atol=1e-5, rtol=1e-4)


@over_architectures
def test_who_writes_from_the_summary_sees_nothing_else(section: ModelSection) -> None:
    """Without any states a decoder that says so writes the same; no other says so."""
    model = fresh(section)
    expected = section.attention == "none" and section.decoder in CELLS and section.encoder != "none"
    assert model.decoder.writes_from_summary is expected
    if expected:
        batch = batch_of(section, *pairs(section, (5, 6), (8, 3)))
        memory = model.encode(batch.source)
        alone = replace(memory, states=memory.states[:, :0], mask=memory.mask[:, :0])
        embedded = model.target_embedding(batch.target_input)
        features, _ = model.decoder.run(embedded, model.start(alone), alone)
        torch.testing.assert_close(features, model(batch))


@over_writers
def test_reordered_state_continues_like_its_origin(section: ModelSection) -> None:
    model = fresh(section)
    batch = batch_of(section, *pairs(section, (5, 6), (5, 6)))
    memory = model.encode(batch.source[:1]).repeat(2)
    _, state = model.step(batch.target_input[:, 1], model.start(memory), memory)
    straight, _ = model.step(batch.target_input[:, 2], state, memory)
    swapped, _ = model.step(batch.target_input[[1, 0], 2], state.reorder(torch.tensor([1, 0])), memory)
    torch.testing.assert_close(swapped, straight[[1, 0]])


@over_writers
def test_a_beam_that_shares_its_source_equals_one_that_repeats_it(section: ModelSection) -> None:
    """Hypotheses of two sources, reordered at random, one source left out on the way; against rows of their own."""
    model, beam = fresh(section), 3
    batch = batch_of(section, *pairs(section, (5, 6), (2, 3)))
    once = model.encode(batch.source)
    shared, repeated = once.shared(beam), once.repeat(beam)
    state, apart = model.start(shared), model.start(repeated)
    random = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        for position in range(6):
            token = torch.randint(4, SIZES.target, (shared.rows,), generator=random)
            logits, state = model.step(token, state, shared)
            expected, apart = model.step(token, apart, repeated)
            torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-4)
            first = torch.arange(len(shared.mask)).repeat_interleave(beam) * beam
            rows = first + torch.randint(beam, (shared.rows,), generator=random)
            if position == 3:
                rows, shared = rows[beam:], shared.part(torch.tensor([1]))
                repeated = repeated.part(rows)
            state, apart = state.reorder(rows), apart.reorder(rows)


@over_writers
def test_the_future_is_unseen(section: ModelSection) -> None:
    """Changing a target token changes no feature before it."""
    model = fresh(section)
    sources, targets = pairs(section, (5, 6))
    before = model(batch_of(section, sources, targets))
    targets[0][4] = 4 + (targets[0][4] - 3) % 20
    after = model(batch_of(section, sources, targets))
    seen = 5 if section.encoder != "none" else 5 + len(sources[0])
    torch.testing.assert_close(after[:, :seen], before[:, :seen])
    assert not torch.allclose(after[:, seen:], before[:, seen:])


@over_architectures
def test_overfits_eight_pairs(section: ModelSection) -> None:
    """Learns eight pairs by heart, and greedy search recites them."""
    model = fresh(section.model_copy(update={"dropout": 0.0, "coverage": 0.01 * section.coverage})).train()
    sources, targets = pairs(section, *[(3, 4)] * 8)
    batch = batch_of(section, sources, targets)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005 if section.decoder in ("transformer", "cnn") else 0.03)
    for _ in range(300):
        optimizer.zero_grad()
        loss = model.loss(batch, 0.0)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if loss.item() < 0.05:
            break
    longest = 1 if section.decoder == "classifier" else 10
    recited = greedy_search(model.eval(), *model.read(batch.source), longest, length_penalty=1.0)
    assert [answer.tokens for answer in recited] == [target.tolist() for target in targets]


@over_architectures
def test_saved_and_read_gives_the_same_logits(section: ModelSection, tmp_path: Path) -> None:
    model = fresh(section)
    batch = batch_of(section, *pairs(section, (5, 6), (2, 3)))
    save_checkpoint(model, sizes_of(section), tmp_path)
    read = read_checkpoint(section, tmp_path)
    assert read.project(read(batch)).equal(model.project(model(batch)))


@over_architectures
def test_every_parameter_learns(section: ModelSection) -> None:
    model = fresh(section).train()
    model.loss(batch_of(section, *pairs(section, (5, 6), (7, 3))), 0.1).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@over_architectures
def test_bfloat16_gives_nearly_the_same_loss_and_gradients(section: ModelSection) -> None:
    model = fresh(section)
    batch = batch_of(section, *pairs(section, (5, 6), (7, 3)))
    losses, norms = [], []
    for precision in ("fp32", "bf16"):
        model.zero_grad()
        with precision_context(torch.device("cpu"), precision):
            loss = model.loss(batch, 0.1)
        loss.backward()
        losses.append(loss.item())
        norms.append(torch.nn.utils.get_total_norm([p.grad for p in model.parameters()]).item())
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert norms[1] == pytest.approx(norms[0], rel=0.1)


@over_architectures
def test_the_layout_of_weights_changes_no_logit(section: ModelSection) -> None:
    model = fresh(section)
    batch = batch_of(section, *pairs(section, (5, 6), (2, 3)))
    expected, tied = model.project(model(batch)), model.output.weight is model.target_embedding.weight
    lay_out_for_decoding(model)
    torch.testing.assert_close(model.project(model(batch)), expected, atol=1e-5, rtol=1e-4)
    assert model.output.weight.t().is_contiguous()
    assert not tied or model.target_embedding.weight.is_contiguous()


def test_a_shared_vocabulary_shares_one_embedding() -> None:
    model = build_model(plain_model(encoder_width=8, decoder_width=8), SHARED)
    assert model.source_embedding.weight is model.target_embedding.weight is model.output.weight


def test_without_attention_only_the_summary_is_seen() -> None:
    """Two memories with one summary and different states give the same answer."""
    section = plain_model(attention="none", encoder_width=8, decoder_width=8)
    model = fresh(section)
    memory = model.encode(batch_of(section, *pairs(section, (5, 2))).source)
    other = type(memory)(torch.randn_like(memory.states), memory.mask, memory.summary)
    token = torch.tensor([5])
    one, _ = model.step(token, model.start(memory), memory)
    two, _ = model.step(token, model.start(other), other)
    assert one.equal(two)


@pytest.mark.parametrize("decoder", ["lstm", "cnn", "transformer"])
def test_without_an_encoder_nothing_looks_at_a_source(decoder: str) -> None:
    model = fresh(plain_model(encoder="none", decoder=decoder, **TINY_TRANSFORMER))
    assert not list(model.encoder.parameters())
    assert model.source_embedding is model.target_embedding
    names = [name for name, _ in model.decoder.named_parameters()]
    assert not [name for name in names if "cross_attention" in name or ".attention." in name]
