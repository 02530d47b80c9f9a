"""The least value of a smooth function of few rows, found with all of them at once."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

STEPS = 100  # at most


def minimise(loss: Callable[[], Tensor], parameters: Sequence[Tensor]) -> None:
    """L-BFGS (Liu and Nocedal 1989): nothing hangs on the order of rows or on a learning rate."""
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=STEPS, tolerance_grad=1e-6, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(closure)  # type: ignore[no-untyped-call]
