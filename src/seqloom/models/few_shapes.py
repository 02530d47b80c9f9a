"""Linear layers whose products in bfloat16 have few shapes.

On a CPU oneDNN compiles a product for each number of rows, milliseconds and half a megabyte, and the tokens of a batch,
padding included, are hardly twice the same number (docs/notes/speed.md). With rows of zeros up to a round number most
products find their code.

N rows, P rows with those of zeros, I inputs, O outputs.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

STEPS = 16  # from a power of two to the next: 6 % more rows at most, 3 % on average


def rounded(rows: int) -> int:
    """Return the next number of which there are `STEPS` from a power of two to the next; at most `STEPS` as it is."""
    step = 1 << max(0, (rows - 1).bit_length() - STEPS.bit_length())
    return -(-rows // step) * step


def with_zero_rows(rows: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the rows `(N, I)` in another type and, in bfloat16 on a CPU, with zeros below: `(P, I)`."""
    if rows.device.type != "cpu" or dtype != torch.bfloat16 or len(rows) == (round_number := rounded(len(rows))):
        return rows.to(dtype)
    padded = rows.new_empty(round_number, rows.shape[1], dtype=dtype)
    padded[: len(rows)] = rows
    padded[len(rows) :] = 0
    return padded


class Linear(nn.Linear):
    """nn.Linear; under autocast to bfloat16 on a CPU its products have round numbers of rows.

    Its outputs there are a view, which autograd refuses to change in place.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Map `(…, I)` to `(…, O)`."""
        if inputs.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(inputs)
        outputs: Tensor = _RoundLinear.apply(inputs.flatten(0, -2), self.weight, self.bias)  # type: ignore[no-untyped-call]
        return outputs.view(*inputs.shape[:-1], self.out_features)


class _RoundLinear(torch.autograd.Function):
    """The product `(N, O)` of rows `(N, I)` with zeros below, and its gradients, as autocast computes them."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        dtype = torch.get_autocast_dtype("cpu")
        with torch.autocast("cpu", enabled=False):
            rows, narrow = with_zero_rows(inputs, dtype), weight.to(dtype)
            outputs = F.linear(rows, narrow, None if bias is None else bias.to(dtype))
        ctx.save_for_backward(rows, narrow)
        ctx.count, ctx.dtype, ctx.weight_dtype = len(inputs), inputs.dtype, weight.dtype
        return outputs[: len(inputs)]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        """Map the gradient of the outputs `(N, O)` to those of inputs, weight and bias."""
        rows, narrow = ctx.saved_tensors
        upstream = with_zero_rows(upstream, narrow.dtype)
        of_inputs = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_inputs = (upstream @ narrow)[: ctx.count].to(ctx.dtype)
        if ctx.needs_input_grad[1]:
            of_weight = (upstream.t() @ rows).to(ctx.weight_dtype)
        if ctx.needs_input_grad[2]:
            of_bias = upstream.sum(dim=0).to(ctx.weight_dtype)  # summed in float32; given `dtype`, all is copied first
        return of_inputs, of_weight, of_bias
