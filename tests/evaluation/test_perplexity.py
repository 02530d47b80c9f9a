import math

import pytest
import torch
from torch import Tensor, nn

from seqloom.dataset.padded_batch import Batch
from seqloom.errors import UserError
from seqloom.evaluation.perplexity import likelihood

LOG_ODDS = math.log(2)


class Fixed(nn.Module):
    """Predicts token 4 with probability 2/6, the four others of its vocabulary of five with 1/6 each."""

    def __init__(self, logits: tuple[float, ...] = (0, 0, 0, 0, LOG_ODDS)) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))
        self.was_training: list[bool] = []

    def forward(self, batch: Batch) -> Tensor:
        self.was_training.append(self.training)
        return torch.zeros(*batch.target_output.shape, 1)

    def project(self, hidden: Tensor) -> Tensor:
        return hidden + self.logits


def batch_of(*rows: list[int]) -> Batch:
    target = torch.tensor(rows)
    return Batch(torch.ones_like(target), target, target, int((target != 0).sum()))


def test_perplexity_and_accuracy_worked_by_hand():
    measured = likelihood(Fixed(), [batch_of([4, 4, 3]), batch_of([4, 3, 0], [3, 0, 0])])
    # three tokens of probability 1/3 and three of 1/6: the geometric mean of 3, 3, 3, 6, 6, 6
    assert measured.perplexity == pytest.approx(math.sqrt(18))
    assert measured.accuracy == 0.5
    assert measured.tokens == 6


def test_padding_changes_nothing():
    assert likelihood(Fixed(), [batch_of([4, 3])]) == likelihood(Fixed(), [batch_of([4, 3, 0, 0, 0])])


@pytest.mark.parametrize("training", [True, False])
def test_mode_is_eval_and_put_back(training):
    model = Fixed().train(training)
    likelihood(model, [batch_of([4, 3])])
    assert model.was_training == [False]
    assert model.training is training


def test_mode_is_put_back_after_a_failure():
    model = Fixed().train()
    with pytest.raises(AttributeError):
        likelihood(model, [None])
    assert model.training


def test_perplexity_stays_finite():
    assert math.isfinite(likelihood(Fixed((0.0, 0.0, 0.0, -1e30, 0.0)), [batch_of([3, 3])]).perplexity)
    assert math.isfinite(likelihood(Fixed((0.0, 0.0, 0.0, -math.inf, 0.0)), [batch_of([3, 3])]).perplexity)


def test_a_diverged_model_is_the_users_to_mend():
    with pytest.raises(UserError, match=r"training\.learning_rate"):
        likelihood(Fixed((math.nan,) * 5), [batch_of([4])])


def test_no_tokens_is_our_mistake():
    with pytest.raises(AssertionError):
        likelihood(Fixed(), [])


class Saying(nn.Module):
    """Is sure of a token at each place, that of the batch's source."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, batch: Batch) -> Tensor:
        return batch.source.unsqueeze(2)

    def project(self, hidden: Tensor) -> Tensor:
        return nn.functional.one_hot(hidden.squeeze(1), 5).float()


def test_accuracy_is_the_share_of_places_where_the_first_choice_of_that_place_is_right() -> None:
    target = torch.tensor([[4, 3, 4], [3, 0, 0]])
    said = torch.tensor([[4, 3, 2], [3, 4, 4]])
    assert likelihood(Saying(), [Batch(said, target, target, 4)]).accuracy == 0.75
