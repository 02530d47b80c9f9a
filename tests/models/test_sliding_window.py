"""A language model that knows places reads text of any length within the places it learned."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.lm_blocks import BlockBatches, make_block_batch
from seqloom.dataset.padded_batch import pad_sources
from seqloom.dataset.sequences import Sequences
from seqloom.decoding.beam_search import beam_search
from seqloom.decoding.greedy_search import greedy_search
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.input_embedding import InputEmbedding
from seqloom.models.model_factory import Sizes, build_model
from seqloom.models.multi_head_attention import SelfAttention
from seqloom.recipe.schema import ModelSection
from seqloom.training.validation import validation_loss

V = 12
DECODERS = [
    ("transformer", "sinusoidal"),
    ("transformer", "learned"),
    ("transformer", "rotary"),
    ("cnn", "learned"),
]


def made(decoder: str, positions: str, window: int) -> EncoderDecoder:
    """With opinions of its own, and no more places than a window."""
    torch.manual_seed(3)
    section = ModelSection(
        encoder="none",
        decoder=decoder,
        decoder_width=8,
        decoder_layers=2,
        feedforward_width=16,
        heads=2,
        positions=positions,
        max_positions=max(2, window),
        dropout=0.0,
    )
    model = build_model(section, Sizes(V, V, 8, True, window=window)).eval()
    with torch.no_grad():
        model.output.weight.mul_(4.0)
    return model


def text_of(tokens: int) -> Sequences:
    ids = np.random.default_rng(tokens).integers(4, V, tokens).astype(np.int32)
    return Sequences(ids, np.array([0, tokens], dtype=np.int64))


@settings(max_examples=12, deadline=None)
@given(
    kind=st.sampled_from(DECODERS),
    window=st.integers(2, 9),
    tokens=st.integers(1, 24),
    cut=st.integers(0, 24),
)
@torch.inference_mode()
def test_read_at_once_or_token_by_token_or_in_two_parts_it_is_the_same(
    kind: tuple[str, str], window: int, tokens: int, cut: int
) -> None:
    model = made(*kind, window)
    batch = make_block_batch([text_of(tokens).ids, text_of(max(1, tokens - 3)).ids])
    memory, _ = model.read(batch.source)
    whole = model.project(model(batch))
    state, each = model.start(memory), []
    for token in batch.target_input.unbind(dim=1):
        logits, state = model.step(token, state, memory)
        each.append(logits)
    torch.testing.assert_close(torch.stack(each, dim=1), whole, atol=1e-5, rtol=1e-4)
    if cut < tokens:
        state = model.advance(batch.target_input[:, :cut], model.start(memory), memory) if cut else model.start(memory)
        last = model.run(batch.target_input[:, cut:], state, memory)[0]
        torch.testing.assert_close(model.project(last), whole[:, cut:], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", DECODERS)
@torch.inference_mode()
def test_every_token_is_foreseen_from_half_a_window_and_as_training_would(kind: tuple[str, str]) -> None:
    """What stands before a token is read from the first place on, behind START, as rows are."""
    model, window = made(*kind, 8), 8
    ids = text_of(30).ids
    told = model.project(model(make_block_batch([ids])))[0]
    for place in range(window, len(ids)):
        alike = []
        for known in range(window // 2, window):  # tokens before it, in a row of its own
            row = make_block_batch([ids[place - known : place + 1]])
            alike.append(torch.allclose(model.project(model(row))[0, -1], told[place], atol=1e-4))
        assert any(alike), place


@pytest.fixture
def places() -> Iterator[list[int]]:
    """The last place of each read, by whoever knows places."""
    seen: list[int] = []
    enter, project = InputEmbedding.forward, SelfAttention._project

    def entered(self: InputEmbedding, embedded: torch.Tensor, first: int) -> torch.Tensor:
        seen.append(first + embedded.shape[1])
        return enter(self, embedded, first)

    def projected(self: SelfAttention, inputs: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, ...]:
        seen.append(int(positions.max()) + 1 if len(positions) else 0)
        return project(self, inputs, positions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InputEmbedding, "forward", entered)
        patch.setattr(SelfAttention, "_project", projected)
        yield seen


@pytest.mark.parametrize("kind", DECODERS)
def test_no_place_is_read_that_no_row_has(kind: tuple[str, str], places: list[int]) -> None:
    """Judged, searched and asked: never behind the last place of a row."""
    row = 6
    batches = BlockBatches(text_of(50), row, 48)
    model = made(*kind, row)
    for rows, _ in batches.epoch(1, 0):
        model(batches.batch(rows))
    learned = max(places)
    assert learned == row
    validation_loss(model, batches.in_order(), torch.device("cpu"))
    model.eval()
    prompts = pad_sources([[4, 5], list(range(4, V)) * 2])
    with torch.no_grad():
        model.output.bias[3] = -1e4  # no answer ends
    greedy = greedy_search(model, *model.read(prompts), 25, 1.0)
    beams = beam_search(model, *model.read(prompts), 2, 25, 1.0)
    assert max(places) == learned
    assert all(len(answer.tokens) == 25 for answer in greedy)
    assert all(len(answer.tokens) == 25 for found in beams for answer in found)
