"""Weights near a parent's: a pull of all is the parent, of nothing the child, and a decay is a pull in each update."""

from pathlib import Path

import pytest
import torch
from torch import nn

from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_section
from seqloom.recipe.schema import TrainingSection
from seqloom.training.parent_weights import ParentWeights
from seqloom.training.trainer import SOUP_SHARES, Trainer
from tests.training.small import trainer_of, weights, write_home


def layer(seed: int) -> nn.Linear:
    torch.manual_seed(seed)
    return nn.Linear(3, 2)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, 7.0])
def test_a_pull_is_a_mean_of_parent_and_child(share: float) -> None:
    model, child = layer(1), layer(2)
    parent = ParentWeights(model)
    before = model.weight.detach().clone()
    model.load_state_dict(child.state_dict())
    parent.pull(share)
    least = min(1.0, share)
    torch.testing.assert_close(model.weight.detach(), (1 - least) * child.weight + least * before)


def test_what_does_not_train_is_not_pulled() -> None:
    model = layer(1)
    model.bias.requires_grad_(False)
    parent = ParentWeights(model)
    model.load_state_dict(layer(2).state_dict())
    bias = model.bias.detach().clone()
    parent.pull(1.0)
    assert torch.equal(model.bias, bias)


@pytest.mark.parametrize("field", ["parent_decay", "parent_share", "model_soup"])
def test_without_a_parent_there_is_nothing_to_be_near(field: str) -> None:
    with pytest.raises(UserError, match=f"{field} keeps weights near those of a parent: set start_from"):
        check_section(TrainingSection, {field: field == "model_soup" or 0.5}, "training")


def test_a_soup_has_no_share_that_is_fixed() -> None:
    fields = {"start_from": "models:/x/1", "model_soup": True, "parent_share": 0.5}
    with pytest.raises(UserError, match="model_soup chooses the share that parent_share fixes"):
        check_section(TrainingSection, fields, "training")


def near_parent(folder: Path, **fields: float) -> Trainer:
    trainer = trainer_of(write_home(folder), start_from="models:/x/1", epochs=2, **fields)
    trainer.model.before = weights(trainer.model)
    trainer.run()
    return trainer


def distance(trainer: Trainer) -> float:
    return sum(float((value - trainer.model.before[name]).norm()) for name, value in weights(trainer.model).items())


def test_the_final_weights_are_averaged_with_the_parents(tmp_path: Path) -> None:
    child, mean = near_parent(tmp_path / "a"), near_parent(tmp_path / "b", parent_share=0.4)
    before, alone = mean.model.before, weights(child.model)
    for name, value in weights(mean.model).items():
        torch.testing.assert_close(value, 0.6 * alone[name] + 0.4 * before[name])
    assert (
        mean.state.history[-1]["with_parent/loss"] == mean.scores["validation/loss"] != child.scores["validation/loss"]
    )


@pytest.mark.parametrize("best", [0.0, *SOUP_SHARES])
def test_of_a_soup_the_best_average_goes_on(best: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_of(write_home(tmp_path), start_from="models:/x/1", epochs=1, model_soup=True)
    before = weights(trainer.model)
    tried: list[dict[str, torch.Tensor]] = []

    def validation(_: object) -> tuple[float, dict[str, float]]:
        """The epoch, the child again, and each average; the best share scores 1."""
        tried.append(weights(trainer.model))
        shares = [None, 0.0, *SOUP_SHARES]
        score = float(shares[len(tried) - 1] == best)
        return score, {"validation/loss": 1 - score}

    monkeypatch.setattr(type(trainer.validation), "__call__", validation)
    trainer.run()
    assert (len(tried), trainer.parent_share, trainer.scores) == (5, best, {"validation/loss": 0.0})
    for name, value in weights(trainer.model).items():
        torch.testing.assert_close(value, (1 - best) * tried[0][name] + best * before[name])
    rows = [row["with_parent/share"] for row in trainer.state.history if "with_parent/share" in row]
    assert rows == list(SOUP_SHARES)


def test_a_decay_that_is_all_stays_at_the_parent(tmp_path: Path) -> None:
    """Learning rate times decay is 1: each update ends where the training began; with a tenth of it, on the way."""
    fixed = near_parent(tmp_path / "a", parent_decay=100.0)
    for name, value in weights(fixed.model).items():
        torch.testing.assert_close(value, fixed.model.before[name])
    far, near = near_parent(tmp_path / "b"), near_parent(tmp_path / "c", parent_decay=10.0)
    assert 0 < distance(near) < distance(far)


def test_a_resumed_training_is_near_the_same_parent(tmp_path: Path) -> None:
    """What a kill leaves is read after the parent was: the run goes on as if there had been none."""
    whole = near_parent(tmp_path / "a", parent_decay=5.0, parent_share=0.2)
    home = write_home(tmp_path / "b")
    fields = {"start_from": "models:/x/1", "parent_decay": 5.0, "parent_share": 0.2}
    trainer_of(home, **fields, epochs=1).run()
    resumed = trainer_of(home, **fields, epochs=2)
    resumed.run()
    assert resumed.state.history[-1]["with_parent/loss"] == pytest.approx(whole.state.history[-1]["with_parent/loss"])
