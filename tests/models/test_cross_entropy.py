"""The chunked loss is the plain one, whatever the chunks."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from seqloom.models import cross_entropy as module
from seqloom.models.cross_entropy import linear_cross_entropy

ROWS, WIDTH, VOCABULARY = 23, 7, 31


def problem(seed: int = 0) -> tuple[torch.Tensor, nn.Linear, torch.Tensor]:
    torch.manual_seed(seed)
    output = nn.Linear(WIDTH, VOCABULARY)
    return torch.randn(ROWS, WIDTH, requires_grad=True), output, torch.randint(VOCABULARY, (ROWS,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize(("rows_of_a_chunk", "rows_of_a_part"), [(1, 1), (5, 2), (5, 9), (23, 4), (100, 7), (100, 100)])
def test_loss_and_gradients_equal_the_plain_ones(
    smoothing: float, rows_of_a_chunk: int, rows_of_a_part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.CHUNK_LOGITS, "cpu", rows_of_a_chunk * VOCABULARY)
    monkeypatch.setitem(module.PART_LOGITS, "cpu", rows_of_a_part * VOCABULARY)
    hidden, output, targets = problem()
    plain = cross_entropy(output(hidden), targets, label_smoothing=smoothing)
    expected = torch.autograd.grad(3 * plain, [hidden, output.weight, output.bias])
    chunked = linear_cross_entropy(hidden, output, targets, smoothing)
    found = torch.autograd.grad(3 * chunked, [hidden, output.weight, output.bias])
    torch.testing.assert_close(chunked, plain)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_vocabulary_larger_than_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.CHUNK_LOGITS, "cpu", 3)
    hidden, output, targets = problem()
    torch.testing.assert_close(
        linear_cross_entropy(hidden, output, targets, 0.1),
        cross_entropy(output(hidden), targets, label_smoothing=0.1),
    )


def test_logits_far_apart_neither_overflow_nor_vanish() -> None:
    hidden, output, targets = problem()
    far = hidden.detach() * 1000
    torch.testing.assert_close(
        linear_cross_entropy(far, output, targets, 0.1), cross_entropy(output(far), targets, label_smoothing=0.1)
    )


def test_bfloat16_products_come_close() -> None:
    hidden, output, targets = problem()
    exact = cross_entropy(output(hidden), targets, label_smoothing=0.1)
    expected = torch.autograd.grad(exact, [hidden, output.weight])
    with torch.autocast("cpu", torch.bfloat16):
        loss = linear_cross_entropy(hidden, output, targets, 0.1)
    found = torch.autograd.grad(loss, [hidden, output.weight])
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, exact, rtol=0.01, atol=0.01)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, rtol=0.05, atol=0.002)


def test_what_is_frozen_gets_no_gradient() -> None:
    hidden, output, targets = problem()
    output.weight.requires_grad_(False)
    linear_cross_entropy(hidden, output, targets, 0.1).backward()
    assert output.weight.grad is None
    assert hidden.grad is not None
    assert output.bias.grad is not None
    with torch.inference_mode():
        assert linear_cross_entropy(hidden, output, targets, 0.1).item() > 0
