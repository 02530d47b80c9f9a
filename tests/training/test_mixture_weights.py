"""The shares of a network and of the linear model beside it."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.padded_batch import make_labeled_batch
from seqloom.models.model_factory import WEIGHTS_FILE, Sizes, build_model, read_checkpoint
from seqloom.models.ngram_classifier import WideClassifier
from seqloom.training.ngram_fit import USUAL_SHARES, fit_mixture
from seqloom.training.validation import validation_loss
from tests.models.plain import plain_model
from tests.training.small import SIZES, model_section, run_stage, write_home

CPU = torch.device("cpu")
LABELS = [4, 5] * 2000


def wide() -> WideClassifier:
    """The linear model knows that token 10 goes with label 4 and token 11 with 5; the network knows nothing."""
    torch.manual_seed(0)
    section = plain_model(encoder="cnn", decoder="classifier", encoder_width=6, ngram_order=1)
    model = build_model(section, Sizes(20, 6, 8, False, runs=2))
    assert isinstance(model, WideClassifier)
    model.linear.keys, model.linear.weights = torch.tensor([10, 11]), torch.eye(2)
    return model.train()


def test_who_is_right_counts() -> None:
    model = wide()
    sources = [[6 + label] if row % 9 else [15 - label] for row, label in enumerate(LABELS)]  # wrong in every ninth
    batch = make_labeled_batch(sources, [[label] for label in LABELS])
    fit_mixture(model, [batch], CPU)
    least = F.cross_entropy(model(batch)[:, 0, 4:], batch.target_output[:, 0] - 4)
    for change in ([0.1, 0.0], [-0.1, 0.0], [0.0, 0.1], [0.0, -0.1]):
        shares = model.shares
        model.shares = shares + torch.tensor(change)
        assert F.cross_entropy(model(batch)[:, 0, 4:], batch.target_output[:, 0] - 4) > least - 1e-3
        model.shares = shares
    assert model.shares[1] > USUAL_SHARES[1]


@pytest.mark.parametrize("lean", [-8.0, 0.0, 8.0])
def test_what_the_network_thinks_of_special_tokens_says_nothing(lean: float) -> None:
    """They are no labels: what is served is a softmax over labels alone, and so is what shares are weighed by."""
    model = wide()
    sources = [[6 + label] if row % 9 else [15 - label] for row, label in enumerate(LABELS)]
    batch = make_labeled_batch(sources, [[label] for label in LABELS])
    fit_mixture(model, [batch], CPU)
    expected = model.shares
    with torch.no_grad():
        model.output.bias[:4] += lean
    fit_mixture(model, [batch], CPU)
    torch.testing.assert_close(model.shares, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("rows", [1, 4])
def test_a_few_rows_say_little(rows: int) -> None:
    model = wide()
    fit_mixture(model, [make_labeled_batch([[10]] * rows, [[4]] * rows)], CPU)
    torch.testing.assert_close(model.shares, torch.tensor(USUAL_SHARES), atol=0.5, rtol=0)


def test_the_shares_are_in_the_checkpoint(tmp_path: Path) -> None:
    home = write_home(tmp_path / "home", labels=True)
    facts = run_stage(home, {"decoder": "classifier", "ngram_order": 2}, {"epochs": 2})
    assert len(facts["top_ngrams"]) == SIZES.target - 4
    weights = load_file(home / "made" / WEIGHTS_FILE)
    torch.testing.assert_close(weights["shares"], torch.tensor(facts["mixture_weights"]), atol=1e-3, rtol=0)
    judged = read_checkpoint(model_section(decoder="classifier", ngram_order=2), home / "made")
    validation = BucketedBatches.open(home / "dataset", "validation", 48, "labels")
    loss = validation_loss(judged, validation.in_order(), CPU)
    assert facts["validation"]["validation/loss"] == pytest.approx(loss, abs=1e-4), "of both together"
    assert not weights["shares"].equal(torch.tensor(USUAL_SHARES))
    assert weights["linear.weights"].shape[1] == SIZES.target - 4
    assert weights["linear.weights"].abs().max() > 0
