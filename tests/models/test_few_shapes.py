"""Layers whose products have round numbers of rows are linear layers all the same."""

import pytest
import torch
from torch import nn

from seqloom.models.cross_entropy import linear_cross_entropy
from seqloom.models.few_shapes import Linear, rounded


def test_round_numbers_are_few_and_near() -> None:
    found = [rounded(rows) for rows in range(5000)]
    assert all(rows <= more <= rows + rows // 8 for rows, more in enumerate(found))
    assert len(set(found[1000:2001])) <= 18
    assert found[:17] == [*range(17)]
    assert all(rounded(more) == more for more in found)


@pytest.mark.parametrize("rows", [(1, 1), (3, 7), (13, 41), (64, 16)])
@pytest.mark.parametrize("biased", [True, False])
def test_outputs_and_gradients_are_those_of_a_linear_layer(rows: tuple[int, int], biased: bool) -> None:
    torch.manual_seed(0)
    layer, plain = Linear(24, 40, biased), nn.Linear(24, 40, biased)
    layer.load_state_dict(plain.state_dict())
    inputs = torch.randn(*rows, 24, requires_grad=True)
    upstream = torch.randn(*rows, 40)
    found, expected = [], []
    for each, kept in ((layer, found), (plain, expected)):
        with torch.autocast("cpu", torch.bfloat16):
            outputs = each(inputs)
        kept += [outputs, *torch.autograd.grad(outputs, [inputs, *each.parameters()], upstream.to(outputs.dtype))]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        torch.testing.assert_close(ours, theirs, rtol=2e-2, atol=2e-2)


def test_without_autocast_it_is_exact() -> None:
    layer, inputs = Linear(5, 3), torch.randn(67, 5)
    assert torch.equal(layer(inputs), nn.functional.linear(inputs, layer.weight, layer.bias))


def test_products_of_ever_other_batches_have_few_shapes() -> None:
    seen = set()

    class Shapes(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            if function in (nn.functional.linear, torch.addmm, torch.mm):
                seen.update(tuple(each.shape) for each in args[:2] if each.dim() == 2)
            return function(*args, **(kwargs or {}))

    layer, output = Linear(4, 4), nn.Linear(4, 9)
    with torch.autocast("cpu", torch.bfloat16), Shapes():
        for rows in range(1000, 1200):
            linear_cross_entropy(
                layer(torch.ones(rows, 4)), output, torch.zeros(rows, dtype=torch.long), 0.1
            ).backward()
    assert 0 < len({rows for rows, _ in seen if rows > 100}) <= 8
