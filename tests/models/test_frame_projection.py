"""Features in front of a source: an encoder reads those of a row alone, whatever stands beside it in the batch."""

import numpy as np
import pytest
import torch

from seqloom.corpus.framed_text import FramedIds
from seqloom.dataset.padded_batch import make_batch, pad_sources
from seqloom.dataset.padded_frames import frames_of_sources, pad_frames
from seqloom.models.model_factory import Sizes, build_model
from tests.models.plain import plain_model

FRAMES = [np.random.default_rng(row).normal(size=(count, 3)).astype(np.float32) for row, count in enumerate((4, 1, 2))]
SOURCES = [[5], [6, 7, 8, 9], []]


@pytest.mark.parametrize("encoder", ["gru", "lstm", "transformer", "cnn"])
def test_a_row_is_read_alone(encoder: str) -> None:
    torch.manual_seed(1)
    section = plain_model(encoder=encoder, encoder_width=16, decoder_width=16, heads=2, feedforward_width=16)
    model = build_model(section, Sizes(20, 21, 16, shared=False, frames=3)).eval()
    assert model.frame_width == 3
    with torch.inference_mode():
        together = model.encode(pad_sources(SOURCES), pad_frames(FRAMES))
        for row, (source, frames) in enumerate(zip(SOURCES, FRAMES, strict=True)):
            alone = model.encode(pad_sources([source]), pad_frames([frames]))
            length = len(frames) + len(source) + 1
            assert alone.mask.sum() == together.mask[row].sum() == length
            torch.testing.assert_close(together.states[row, :length], alone.states[0], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(together.summary[row], alone.summary[0], atol=1e-5, rtol=1e-4)
            other = model.encode(pad_sources([source]), pad_frames([frames + 1.0]))
            assert not torch.allclose(other.summary, alone.summary, atol=1e-4), "the features count"


def test_gradients_reach_the_projection() -> None:
    model = build_model(plain_model(encoder_width=8, decoder_width=8), Sizes(20, 21, 8, shared=False, frames=3))
    batch = make_batch(SOURCES, SOURCES)
    frames = frames_of_sources([FramedIds(ids, each) for ids, each in zip(SOURCES, FRAMES, strict=True)])
    assert frames is not None
    hidden = model.run(batch.target_input, model.start(memory := model.encode(batch.source, frames)), memory)[0]
    hidden.sum().backward()
    assert model.frame_projection is not None
    gradient = model.frame_projection.linear.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
