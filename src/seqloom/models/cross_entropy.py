"""Cross-entropy over a large vocabulary without ever holding its logits.

The logits of a batch are its largest tensor by far, and in the plain way four of that size (logits, log-probabilities,
probabilities, gradient) pass through memory. Here a chunk of rows goes all the way to its gradient, as Wijmans et al.
2024, https://arxiv.org/abs/2411.09009, do on a GPU. A product wants many rows and a softmax wants them in the cache, so
what lies between the products goes by parts of a chunk.

N tokens, C tokens of a chunk, R tokens of a part, E feature width, V vocabulary.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqloom.models.few_shapes import with_zero_rows

CHUNK_LOGITS = {"cpu": 8 << 20, "cuda": 128 << 20}  # held at once, in the type of the products
PART_LOGITS = {"cpu": 256 << 10, "cuda": 128 << 20}  # in float32: the cache of a core holds a megabyte or two


def linear_cross_entropy(
    hidden: Tensor, output: nn.Linear, targets: Tensor, smoothing: float, first: int = 0
) -> Tensor:
    """Return the mean loss in nats of features `(N, E)` through `output` `(V, E)` against targets `(N,)`.

    Equal to `cross_entropy(output(hidden), targets, label_smoothing=smoothing)`, where tokens before `first` are no
    classes; under autocast its products are in bfloat16 and everything else in float32.
    """
    weight: Tensor = output.weight
    bias: Tensor = output.bias
    if first:  # a view has a price: its gradient is copied
        weight, bias, targets = weight[first:], bias[first:], targets - first
    loss: Tensor = _LinearCrossEntropy.apply(hidden, weight, bias, targets, smoothing)  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    """Cross-entropy that computes its gradients in the forward pass, while the logits are in memory."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, targets: Tensor, smoothing: float) -> Tensor:
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
        needs = ctx.needs_input_grad
        of_weight = torch.zeros_like(weight) if needs[1] else None
        of_bias = torch.zeros_like(bias) if needs[2] else None
        loss = torch.zeros((), device=hidden.device)
        with torch.autocast(device, enabled=False):
            rows, columns = with_zero_rows(hidden, dtype), weight.to(dtype)
            of_hidden = torch.empty_like(rows) if needs[0] else None
            for chunk in _chunks(len(rows), CHUNK_LOGITS[device] // len(columns)):
                logits = torch.mm(rows[chunk], columns.t())  # (C, V); a bias would be copied to every row first
                loss += _chunk_loss(logits, bias, targets[chunk], smoothing, of_bias, any(needs))
                if of_hidden is not None:
                    torch.mm(logits, columns, out=of_hidden[chunk])
                if of_weight is not None:
                    _accumulate(of_weight, logits, rows[chunk])
        ctx.gradients = of_hidden, of_weight, of_bias
        ctx.hidden_type, ctx.tokens = hidden.dtype, len(hidden)
        return loss / len(hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        of_hidden, of_weight, of_bias = ctx.gradients
        scale = upstream / ctx.tokens
        if of_hidden is not None:
            of_hidden = of_hidden[: ctx.tokens].to(ctx.hidden_type).mul_(scale)
        if of_weight is not None:
            of_weight = of_weight.mul_(scale)
        if of_bias is not None:
            of_bias = of_bias.mul_(scale)
        return of_hidden, of_weight, of_bias, None, None


def _chunks(rows: int, size: int) -> Iterator[slice]:
    size = max(1, size)
    return (slice(start, start + size) for start in range(0, rows, size))


def _chunk_loss(
    logits: Tensor, bias: Tensor, targets: Tensor, smoothing: float, of_bias: Tensor | None, with_gradient: bool
) -> Tensor:
    """Return the loss summed over the rows of `(C, V)` plus bias; their gradient takes the place of the logits.

    The gradient of the bias is added to `of_bias` `(V,)`. Targets are fewer than the rows of a last chunk.
    """
    loss = torch.zeros((), device=logits.device)
    for part in _chunks(len(targets), PART_LOGITS[logits.device.type] // logits.shape[1]):
        rows, wanted = logits[: len(targets)][part], targets[part]
        exact = rows.float() + bias
        probabilities = exact.softmax(dim=1)
        loss += _loss(exact, probabilities, wanted, smoothing)
        if with_gradient:
            gradient = _gradient(probabilities, wanted, smoothing)
            if of_bias is not None:
                of_bias += gradient.sum(dim=0)
            rows.copy_(gradient)
    logits[len(targets) :] = 0
    return loss


def _loss(logits: Tensor, probabilities: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Return the loss summed over the rows of `(R, V)`; smoothing spreads its share evenly (Szegedy et al. 2016).

    The exponentials are the dearest part and the softmax has them already: the largest logit and its probability, which
    is never under 1 / V, tell the logarithm of their sum.
    """
    log_sums = logits.amax(dim=1) - probabilities.amax(dim=1).log()
    wanted = logits.gather(1, targets.unsqueeze(1)).squeeze(1)
    if smoothing:
        wanted = torch.lerp(wanted, logits.mean(dim=1), smoothing)
    return (log_sums - wanted).sum()


def _gradient(probabilities: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Return the gradient of the summed loss by the logits, `(R, V)`: probabilities (overwritten) minus targets."""
    gradient = probabilities
    if smoothing:
        gradient -= smoothing / gradient.shape[1]
    return gradient.scatter_add_(1, targets.unsqueeze(1), gradient.new_full((len(targets), 1), smoothing - 1.0))


def _accumulate(total: Tensor, gradient: Tensor, rows: Tensor) -> None:
    """Add gradientᵀ rows to `total` `(V, E)`, which stays in float32."""
    if gradient.dtype == total.dtype:
        total.addmm_(gradient.t(), rows)
    else:
        total += gradient.t() @ rows
