"""Dropout keeps what it should, and its noise follows from the seeds alone."""

import pytest
import torch

from seqloom.models.dropout import NOISE, Dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_share_and_scale(rate: float, dtype: torch.dtype) -> None:
    NOISE.restart(1, 2)
    dropped = Dropout(rate).train()(torch.ones(300, 301, dtype=dtype))
    assert dropped.dtype == dtype
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert dropped.float().mean().item() == pytest.approx(1.0, abs=0.03), "what is expected stays the same"
    assert len(dropped.unique()) == 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rate", [0.99, 0.998, 0.999, 1.0])
def test_something_is_left_at_every_rate(rate: float, dtype: torch.dtype) -> None:
    NOISE.restart(1, 2)
    dropped = Dropout(rate).train()(torch.ones(300, 301, dtype=dtype))
    assert dropped.isfinite().all()
    assert 0 < (dropped > 0).float().mean() < 0.02


def test_the_gradient_passes_where_the_value_did() -> None:
    inputs = torch.randn(50, 3, requires_grad=True)
    outputs = Dropout(0.4).train()(inputs)
    outputs.sum().backward()
    torch.testing.assert_close(inputs.grad * inputs, outputs)


def test_noise_follows_from_its_seeds() -> None:
    layer, inputs = Dropout(0.5).train(), torch.ones(1000)

    def drawn(*seeds: int) -> list[torch.Tensor]:
        NOISE.restart(*seeds)
        return [layer(inputs), layer(inputs)]

    first, again, other = drawn(1, 7), drawn(1, 7), drawn(1, 8)
    assert first[0].equal(again[0])
    assert first[1].equal(again[1])
    assert not first[0].equal(first[1])
    assert not first[0].equal(other[0])


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (0.001, True), (0.5, False)])
def test_nothing_is_dropped(rate: float, training: bool) -> None:
    inputs = torch.randn(9)
    assert Dropout(rate).train(training)(inputs) is inputs
