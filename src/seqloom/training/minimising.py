"""The least value of a smooth function of few rows, found with all of them at once."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

STEPS = 100  # at most
MOST_HELD = 1 << 27  # numbers of former steps, from which a curvature is guessed: half a gigabyte
LEAST_FORMER = 5  # steps, whose guess is as good as ever


def minimise(loss: Callable[[], Tensor], parameters: Sequence[Tensor]) -> None:
    """L-BFGS (Liu and Nocedal 1989): nothing hangs on the order of rows or on a learning rate."""
    held = 2 * sum(parameter.numel() for parameter in parameters)  # by each former step
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=STEPS,
        tolerance_grad=1e-6,
        tolerance_change=1e-7,
        history_size=max(LEAST_FORMER, min(STEPS, MOST_HELD // held)),
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(closure)  # type: ignore[no-untyped-call]
