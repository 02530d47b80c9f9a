import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.padded_batch import make_batch, make_labeled_batch, pad_sources
from seqloom.errors import UserError
from seqloom.vocabulary.special_tokens import END, PADDING, START

IDS = st.lists(st.integers(4, 50), max_size=7)


def test_marks_and_pads() -> None:
    batch = make_batch([np.array([7, 8]), np.array([9])], [np.array([5]), np.array([6, 4, 5])])
    assert batch.source.tolist() == [[7, 8, END], [9, END, PADDING]]
    assert batch.target_input.tolist() == [[START, 5, PADDING, PADDING], [START, 6, 4, 5]]
    assert batch.target_output.tolist() == [[5, END, PADDING, PADDING], [6, 4, 5, END]]
    assert batch.tokens == 6


@settings(max_examples=60)
@given(st.lists(st.tuples(IDS, IDS), min_size=1, max_size=6))
def test_every_row_can_be_read_back(pairs: list[tuple[list[int], list[int]]]) -> None:
    sources, targets = ([np.array(side, dtype=np.int32) for side in sides] for sides in zip(*pairs, strict=True))
    batch = make_batch(sources, targets)
    for row, (source, target) in enumerate(pairs):
        for tensor, ids in (
            (batch.source, [*source, END]),
            (batch.target_input, [START, *target]),
            (batch.target_output, [*target, END]),
        ):
            assert tensor[row].tolist() == ids + [PADDING] * (tensor.shape[1] - len(ids))
    assert batch.tokens == int((batch.target_output != PADDING).sum())
    assert batch.source.dtype == batch.target_input.dtype == batch.target_output.dtype == torch.int64
    for tensor in (batch.source, batch.target_input, batch.target_output):
        assert (tensor != PADDING).any(dim=0).all(), "no column is padding alone"


def test_what_is_predicted_is_what_is_read_next() -> None:
    batch = make_batch([np.array([7])], [np.array([4, 5, 6])])
    assert batch.target_input[:, 1:].equal(batch.target_output[:, :-1])


@pytest.mark.parametrize("kind", [list, np.array])
def test_sources_alone_may_be_lists_or_arrays(kind: type) -> None:
    assert pad_sources([kind([7, 8]), kind([])]).tolist() == [[7, 8, END], [END, PADDING, PADDING]]


def test_moves_to_another_device_whole() -> None:
    batch = make_batch([np.array([7])], [np.array([4, 5])])
    moved = batch.to(torch.device("meta"))
    assert {moved.source.device.type, moved.target_input.device.type, moved.target_output.device.type} == {"meta"}
    assert moved.tokens == 3


def test_a_label_is_predicted_without_an_end() -> None:
    batch = make_labeled_batch([np.array([7, 8]), np.array([9])], [np.array([5]), np.array([6])])
    assert batch.source.tolist() == [[7, 8, END], [9, END, PADDING]]
    assert batch.target_input.tolist() == [[START], [START]]
    assert batch.target_output.tolist() == [[5], [6]]
    assert batch.tokens == 2


@pytest.mark.parametrize("label", [[], [5, 6]])
def test_a_label_of_several_tokens_is_no_class(label: list[int]) -> None:
    with pytest.raises(UserError, match=rf"a label of {len(label)} tokens .* set vocabulary\.kind to word"):
        make_labeled_batch([np.array([7]), np.array([8])], [np.array([5]), np.array(label)])
