"""Rows of running text: every token once in an epoch, in order, and judged behind what stands before it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.lm_blocks import BlockBatches, make_block_batch
from seqloom.dataset.sequences import Sequences, write_sequences
from seqloom.evaluation.perplexity import likelihood
from seqloom.models.model_factory import Sizes, build_model
from seqloom.vocabulary.special_tokens import PADDING, START
from tests.models.plain import plain_model


def text_of(tokens: int) -> Sequences:
    """Tokens 4, 5, 6 …, as one sequence after the other of up to 7."""
    edges = np.append(np.arange(0, tokens, 7), tokens)
    return Sequences(np.arange(4, 4 + tokens, dtype=np.int32), edges)


@settings(max_examples=60)
@given(tokens=st.integers(1, 200), row=st.integers(2, 30), budget=st.integers(1, 200), epoch=st.integers(0, 3))
def test_every_token_once_in_an_epoch(tokens: int, row: int, budget: int, epoch: int) -> None:
    batches = BlockBatches(text_of(tokens), row, budget)
    seen: list[int] = []
    for rows, _ in batches.epoch(3, epoch):
        batch = batches.batch(rows)
        assert batch.target_output.shape[1] <= row
        assert len(rows) == 1 or batch.target_output.numel() <= budget
        real = batch.target_output != PADDING
        assert batch.tokens == int(real.sum())
        assert (batch.target_input[:, 0] == START).all()
        inner = real[:, 1:]
        assert torch.equal(batch.target_input[:, 1:][inner], batch.target_output[:, :-1][inner])
        following = batch.target_output[:, 1:] - batch.target_output[:, :-1]
        assert set(following[inner].tolist()) <= {1, 1 - tokens}  # the text goes on, or begins again
        seen += batch.target_output[real].tolist()
    assert sorted(seen) == list(range(4, 4 + tokens))


def test_before_an_epoch_the_first_block_begins_with_the_text() -> None:
    batch = BlockBatches(text_of(20), 5, 10).batch(np.array([0, 3]))
    assert batch.target_output.tolist() == [[4, 5, 6, 7, 8], [19, 20, 21, 22, 23]]


def test_epochs_cut_elsewhere_and_a_seed_repeats_them() -> None:
    def plan(seed: int, epoch: int) -> list[list[list[int]]]:
        batches = BlockBatches(text_of(500), 10, 44)
        return [batches.batch(rows).target_output.tolist() for rows, _ in batches.epoch(seed, epoch)]

    def heads(batches: list[list[list[int]]]) -> set[int]:
        return {row[0] % 10 for batch in batches for row in batch}

    assert plan(1, 0) == plan(1, 0)
    assert heads(plan(1, 0)) != heads(plan(1, 1))


def test_an_epoch_is_entered_anywhere() -> None:
    batches = BlockBatches(text_of(500), 10, 44)
    whole = [(batches.batch(rows).target_output.tolist(), place) for rows, place in batches.epoch(1, 2)]
    again = BlockBatches(text_of(500), 10, 44)
    rest = [(again.batch(rows).target_output.tolist(), place) for rows, place in again.epoch(1, 2, whole[4][1])]
    assert rest == whole[5:]


@pytest.mark.parametrize("tokens", [1, 9, 10, 11, 95])
def test_judged_rows_are_the_text_each_behind_the_one_before_it(tokens: int) -> None:
    batches = list(BlockBatches(text_of(tokens), 10, 60).in_order())
    assert all(batch.target_output.shape == (3, 20) for batch in batches[:-1])  # as many as 60 tokens hold
    asked = torch.cat([batch.target_output[batch.target_output != PADDING] for batch in batches])
    assert asked.tolist() == list(range(4, 4 + tokens))
    for batch in batches:
        for inputs, output in zip(batch.target_input, batch.target_output, strict=True):
            first = int((output != PADDING).nonzero()[0])
            start = int(output[first]) - first  # the first token that is read
            assert first == (0 if output[first] == 4 else 10)
            assert inputs[: first + 1].tolist() == [START, *range(start, start + first)]


def test_rows_behind_others_are_judged_as_the_text_is() -> None:
    """A model that forgets soon needs no more than the row before: cut or whole, the text is as likely."""
    torch.manual_seed(1)
    section = plain_model(encoder="none", decoder="gru", decoder_width=8, dropout=0.0)
    model = build_model(section, Sizes(220, 220, 8, True)).eval()
    with torch.no_grad():
        model.output.weight.mul_(4.0)
    whole, cut, short = (likelihood(model, BlockBatches(text_of(200), row, 4000).in_order()) for row in (200, 30, 2))
    assert whole.tokens == cut.tokens == short.tokens == 200
    assert cut.perplexity == pytest.approx(whole.perplexity, rel=1e-3)
    assert short.perplexity != pytest.approx(whole.perplexity, rel=1e-3)


def test_the_stage_is_opened(tmp_path: Path) -> None:
    for side in ("source", "target"):
        write_sequences(tmp_path / f"train.{side}", [[[4, 5, 6], [7, 8]]])
    batches = BlockBatches.open_running(tmp_path, "train", 4, 100)
    [batch] = batches.in_order()
    assert batch.target_output.tolist() == [[4, 5, 6, 7, 0], [0, 0, 0, 0, 8]]


def test_what_is_known_is_not_asked() -> None:
    batch = make_block_batch([np.array([5, 6, 7], dtype=np.int32), np.array([8], dtype=np.int32)], [2, 0])
    assert batch.target_input.tolist() == [[START, 5, 6], [START, PADDING, PADDING]]
    assert batch.target_output.tolist() == [[PADDING, PADDING, 7], [8, PADDING, PADDING]]
    assert batch.tokens == 2
