"""The accountant, against published values and two formulas that it does not use."""

import math
import sys

import pytest

from seqloom.training.privacy_accountant import PrivacyLoss, epsilon_of
from tests.training.small import mistake_of, training_section


def epsilon_by_whole_orders(noise: float, rate: float, updates: int, delta: float) -> float:
    """Mironov et al. 2019, section 3.3, for whole orders, with the conversion of Canonne et al. 2020."""

    def rdp(order: int) -> float:
        terms = [
            math.log(math.comb(order, k))
            + (order - k) * math.log1p(-rate)
            + k * math.log(rate)
            + k * (k - 1) / 2 / noise**2
            for k in range(order + 1)
        ]
        most = max(terms)
        return (most + math.log(sum(math.exp(term - most) for term in terms))) / (order - 1)

    return min(
        updates * rdp(order) + math.log1p(-1 / order) - math.log(delta * order) / (order - 1) for order in range(2, 200)
    )


def delta_of_gaussian(epsilon: float, noise: float) -> float:
    """The exact delta of the Gaussian mechanism (Balle and Wang 2018, theorem 8)."""
    phi = lambda x: math.erfc(-x / math.sqrt(2)) / 2  # noqa: E731 one line of a formula
    return phi(0.5 / noise - epsilon * noise) - math.exp(epsilon) * phi(-0.5 / noise - epsilon * noise)


@pytest.mark.parametrize(
    ("noise", "rate", "updates", "delta"),
    [(4.0, 0.01, 10_000, 1e-5), (1.0, 0.01, 1_000, 1e-5), (0.8, 0.05, 300, 1e-4), (2.0, 0.2, 50, 1e-6)],
)
def test_is_as_good_as_whole_orders(noise: float, rate: float, updates: int, delta: float) -> None:
    by_whole = epsilon_by_whole_orders(noise, rate, updates, delta)
    assert 0.93 * by_whole < epsilon_of(noise, rate, updates, delta) <= 1.01 * by_whole


def test_published_values_are_not_undercut_by_much() -> None:
    """Abadi et al. 2016, section 3: 1.26 for q 0.01, sigma 4, 10,000 updates, delta 1e-5, by a looser conversion."""
    assert 0.8 * 1.26 < epsilon_of(4.0, 0.01, 10_000, 1e-5) <= 1.26


@pytest.mark.parametrize(("noise", "updates"), [(1.0, 1), (5.0, 10), (20.0, 100)])
def test_whole_batches_are_never_below_the_exact_mechanism(noise: float, updates: int) -> None:
    """So many updates of all rows are one Gaussian mechanism with less noise."""
    epsilon = epsilon_of(noise, 1.0, updates, 1e-5)
    assert delta_of_gaussian(epsilon, noise / math.sqrt(updates)) <= 1e-5
    assert delta_of_gaussian(0.8 * epsilon, noise / math.sqrt(updates)) > 1e-5


@pytest.mark.parametrize("epsilon", [0.5, 8.0])
def test_the_noise_is_the_least_that_keeps_the_budget(epsilon: float) -> None:
    section = training_section(privacy_epsilon=epsilon, privacy_delta=1e-5)
    loss = PrivacyLoss.planned(section, rows=10_000, updates=500, updates_of_epoch=25)
    assert loss.epsilon <= epsilon
    assert epsilon_of(0.99 * loss.noise_multiplier, 1 / 25, 500, 1e-5) > epsilon
    half = loss.after(250)
    assert half.updates == 250
    assert half.epsilon < loss.epsilon
    assert loss.after(0).epsilon == 0.0
    assert loss.as_json()["epsilon"] >= loss.epsilon


def test_what_cannot_be_done_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    section = training_section(privacy_epsilon=1e-5, privacy_delta=1e-9)
    told = mistake_of(lambda: PrivacyLoss.planned(section, rows=10, updates=10**6, updates_of_epoch=1))
    assert told == "training.privacy_epsilon 1e-05 is too little for 1,000,000 updates on 10 rows: raise it"
    monkeypatch.setitem(sys.modules, "opacus.accountants.analysis", None)
    told = mistake_of(lambda: epsilon_of(1.0, 0.1, 10, 1e-5))
    assert told == "training.privacy_epsilon needs Opacus: pip install 'seqloom[private]', or set it to 0"
