"""The losses against a plain computation."""

import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.padded_batch import Batch, make_labeled_batch
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import Sizes, build_model
from seqloom.training.precision import precision_context
from seqloom.training.validation import Validation, validation_loss
from seqloom.vocabulary.special_tokens import PADDING, SPECIAL_TOKENS
from tests.models.plain import plain_model
from tests.training.small import SIZES, model_section, training_section, write_home

CPU = torch.device("cpu")


@pytest.fixture
def model() -> EncoderDecoder:
    torch.manual_seed(0)
    return build_model(model_section(dropout=0.5), SIZES)


@pytest.fixture
def split(tmp_path: Path) -> BucketedBatches:
    return BucketedBatches.open(write_home(tmp_path / "home") / "dataset", "validation", 40)


@pytest.fixture
def batches(split: BucketedBatches) -> list[Batch]:
    return list(split.in_order())


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_the_loss_is_that_over_all_places_with_padding_ignored(
    smoothing: float, model: EncoderDecoder, batches: list[Batch]
) -> None:
    model.eval()
    padded = [batch for batch in batches if (batch.target_output == PADDING).any()]
    assert padded
    for batch in padded:
        logits = model.project(model(batch)).flatten(0, 1)
        plain = F.cross_entropy(logits, batch.target_output.flatten(), ignore_index=PADDING, label_smoothing=smoothing)
        torch.testing.assert_close(model.loss(batch, smoothing), plain)


@pytest.mark.parametrize("ngram_order", [0, 2])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_a_classifier_chooses_among_labels_alone(smoothing: float, ngram_order: int) -> None:
    """Nobody is ever given a special token as a label, so none has a share of the softmax, nor of the smoothing."""
    torch.manual_seed(0)
    section = plain_model(encoder="cnn", decoder="classifier", encoder_width=6, ngram_order=ngram_order)
    model = build_model(section, Sizes(20, 9, 8, False, runs=3)).eval()
    batch = make_labeled_batch([[4, 5, 6], [7], [5]], [[4], [8], [5]])
    scores = model.project(model(batch))[:, 0, len(SPECIAL_TOKENS) :]
    plain = F.cross_entropy(scores, torch.tensor([0, 4, 1]), label_smoothing=smoothing)
    loss = model.loss(batch, smoothing)
    torch.testing.assert_close(loss, plain)
    [gradient] = torch.autograd.grad(loss, [model.output.bias])
    assert (gradient[: len(SPECIAL_TOKENS)] == 0).all()


def test_smoothing_by_its_definition(model: EncoderDecoder, batches: list[Batch]) -> None:
    """1 - s of the target on the token, s spread evenly over the vocabulary."""
    model.eval()
    batch = batches[0]
    scores = model.project(model(batch)).log_softmax(dim=2)
    of_token = -scores.gather(2, batch.target_output.unsqueeze(2)).squeeze(2)
    of_all = -scores.mean(dim=2)
    losses = (0.7 * of_token + 0.3 * of_all)[batch.target_output != PADDING]
    torch.testing.assert_close(model.loss(batch, 0.3), losses.mean())


def test_validation_weighs_batches_by_their_tokens(model: EncoderDecoder, batches: list[Batch]) -> None:
    figure = validation_loss(model, batches, CPU)
    model.eval()
    tokens = [int((batch.target_output != PADDING).sum()) for batch in batches]
    assert len(set(tokens)) > 1
    losses = [model.loss(batch, 0.0).item() for batch in batches]
    weighted = sum(loss * count for loss, count in zip(losses, tokens, strict=True)) / sum(tokens)
    assert figure == pytest.approx(weighted, rel=1e-9)


def test_validation_does_not_depend_on_the_batches(model: EncoderDecoder, tmp_path: Path) -> None:
    home = write_home(tmp_path / "other")
    figures = [
        validation_loss(model, BucketedBatches.open(home / "dataset", "validation", budget).in_order(), CPU)
        for budget in (1, 30, 1000)
    ]
    assert figures == pytest.approx([figures[0]] * 3, rel=1e-6)


def test_validation_drops_nothing_and_training_goes_on_after_it(model: EncoderDecoder, batches: list[Batch]) -> None:
    model.train()
    state = torch.get_rng_state()
    assert validation_loss(model, batches, CPU) == validation_loss(model, batches, CPU)
    assert torch.get_rng_state().equal(state), "no random number was drawn"
    assert model.training
    model.loss(batches[0], 0.0).backward()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_loss_is_summed_in_float32(precision: str, model: EncoderDecoder, batches: list[Batch]) -> None:
    model.eval()
    with precision_context(CPU, precision):
        loss = model.loss(batches[0], 0.1)
    assert loss.dtype is torch.float32
    torch.testing.assert_close(loss, model.loss(batches[0], 0.1), rtol=0.02, atol=0.02)


def no_scores(_: EncoderDecoder) -> dict[str, float]:
    raise AssertionError("text is decoded only where its score selects")


def test_the_lowest_loss_is_the_best_epoch(model: EncoderDecoder, split: BucketedBatches) -> None:
    loss = validation_loss(model, split.in_order(), CPU)
    score, scores = Validation(model, split, training_section(), CPU, no_scores)()
    assert score == -loss < 0
    assert scores == {"validation/loss": loss, "validation/perplexity": pytest.approx(math.exp(loss))}


def test_a_metric_selects_where_the_recipe_says_so(model: EncoderDecoder, split: BucketedBatches) -> None:
    trained: list[bool] = []

    def validate(asked: EncoderDecoder) -> dict[str, float]:
        trained.append(asked.training)
        return {"bleu": 12.0, "chrf": 34.0}

    score, scores = Validation(model, split, training_section(select_by="chrf"), CPU, validate)()
    assert score == 34.0
    assert scores["validation/bleu"] == 12.0
    assert trained == [False], "without dropout"
    assert model.training, "and training goes on"


@pytest.mark.parametrize("select_by", ["loss", "chrf"])
def test_a_model_that_diverged_is_no_better_than_any(
    select_by: str, model: EncoderDecoder, split: BucketedBatches
) -> None:
    with torch.no_grad():
        model.output.bias[5] = math.inf
    score, _ = Validation(model, split, training_section(select_by=select_by), CPU, no_scores)()
    assert not math.isfinite(score)
