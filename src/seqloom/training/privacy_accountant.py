"""Privacy accountant of a training: the noise that a budget needs, and the epsilon that its updates have spent.

(epsilon, delta)-differential privacy of rows: whoever sees the weights can hardly tell whether any one row was learned
from (Abadi et al. 2016, https://arxiv.org/abs/1607.00133). Counted by Opacus in Rényi divergence of the Gaussian
mechanism on Poisson samples (Mironov et al. 2019, https://arxiv.org/abs/1908.10530), which is never below the truth.
"""

import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection

ALPHAS = [*(quarters / 4 for quarters in range(5, 32)), *map(float, range(8, 64, 2)), 80.0, 128.0, 256.0, 512.0]
MOST_NOISE = 1e4  # a multiplier: with more than that nothing is learned
PRECISION = 5e-3  # of the noise multiplier, relative
TOO_LITTLE = "training.privacy_epsilon {epsilon:g} is too little for {updates:,} updates on {rows:,} rows: raise it"


@dataclass(frozen=True)
class PrivacyLoss:
    """Settings of a private training, and the epsilon that it has spent."""

    epsilon: float
    delta: float
    noise_multiplier: float  # standard deviation of the noise, by the bound of a row's gradient
    gradient_norm: float  # bound of the gradient of a row
    sample_rate: float  # probability with which an update takes a row
    rows: int
    updates: int

    @classmethod
    def planned(cls, section: "TrainingSection", rows: int, updates: int, updates_of_epoch: int) -> Self:
        """Return the loss of a whole training with the least noise that keeps it within the recipe's epsilon.

        Raises:
            UserError: Opacus is not installed, or no noise is enough.
        """
        delta = delta_of(section, rows)
        rate = 1 / updates_of_epoch
        most = section.privacy_epsilon
        high = 0.5
        while epsilon_of(high, rate, updates, delta) > most:
            high *= 2
            if high > MOST_NOISE:
                raise UserError(TOO_LITTLE.format(epsilon=most, updates=updates, rows=rows))
        low = 0.0 if high == 0.5 else high / 2
        while high - low > PRECISION * high:
            middle = (low + high) / 2
            low, high = (low, middle) if epsilon_of(middle, rate, updates, delta) <= most else (middle, high)
        return cls(
            epsilon=epsilon_of(high, rate, updates, delta),
            delta=delta,
            noise_multiplier=high,
            gradient_norm=section.max_grad_norm,
            sample_rate=rate,
            rows=rows,
            updates=updates,
        )

    def after(self, updates: int) -> "PrivacyLoss":
        """Return the loss after so many updates, fewer where a training stopped early."""
        epsilon = epsilon_of(self.noise_multiplier, self.sample_rate, updates, self.delta)
        return PrivacyLoss(**{**asdict(self), "epsilon": epsilon, "updates": updates})

    def as_json(self) -> dict[str, Any]:
        """Return the fields as facts of a stage; epsilon is rounded up."""
        digits = {"epsilon": round(self.epsilon + 0.00005, 4), "noise_multiplier": round(self.noise_multiplier, 4)}
        return {**asdict(self), **digits}


def delta_of(section: "TrainingSection", rows: int) -> float:
    """Return the delta of a recipe; where it leaves it out, one that is well below one row's share."""
    return section.privacy_delta or rows**-1.1


@lru_cache(maxsize=1024)
def epsilon_of(noise_multiplier: float, sample_rate: float, updates: int, delta: float) -> float:
    """Return the epsilon that so many updates spend, by the best of the orders `ALPHAS`.

    Raises:
        UserError: Opacus is not installed.
    """
    if not updates:
        return 0.0
    rdp = _analysis()
    spent = rdp.compute_rdp(q=sample_rate, noise_multiplier=noise_multiplier, steps=updates, orders=ALPHAS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of an order at the end of the list: a bound all the same
        epsilon, _ = rdp.get_privacy_spent(orders=ALPHAS, rdp=spent, delta=delta)
    return max(0.0, float(epsilon))


def _analysis() -> Any:
    try:
        from opacus.accountants.analysis import rdp  # two seconds of imports
    except ImportError:
        raise UserError(OPACUS_MISSING) from None
    return rdp


OPACUS_MISSING = "training.privacy_epsilon needs Opacus: pip install 'seqloom[private]', or set it to 0"
