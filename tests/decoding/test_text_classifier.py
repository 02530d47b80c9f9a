"""Text classification: labels with probabilities."""

from pathlib import Path

import pytest
import torch

from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.explanation import explain
from seqloom.decoding.generator_loader import load_generator, read_generator
from seqloom.decoding.predictor import Predictor
from seqloom.decoding.text_classifier import TextClassifier
from seqloom.errors import UserError
from seqloom.models.model_factory import Sizes, build_model, save_checkpoint
from seqloom.models.ngram_classifier import WideClassifier
from seqloom.recipe.recipe_json import write_recipe
from seqloom.vocabulary.special_tokens import SOURCE_FILE, TARGET_FILE
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.vocabulary import Vocabulary
from seqloom.vocabulary.word_counts import count_for
from tests.models.plain import plain_recipe

LABELS = ["bad", "good", "so so"]
TEXTS = ["a lovely room", "the soup", "a lovely room and the awful soup of the day", "unheard of"]


@pytest.fixture(scope="module", params=[0, 2], ids=["network", "with a linear part"])
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    recipe = plain_recipe(
        {
            "name": "verdicts",
            "task": "sentiment",
            "corpus": {"train": ["reviews.csv"]},
            "vocabulary": {"kind": "word", "min_frequency": 1},
            "vectors": {"width": 8},
            "model": {
                "encoder": "gru",
                "encoder_width": 96,
                "decoder": "classifier",
                "pooling": "max",
                "ngram_order": request.param,
            },
        }
    )
    source = train_vocabulary(count_for("bpe", TEXTS[:3]), recipe.vocabulary)
    source.save(folder / SOURCE_FILE)
    Vocabulary.labels(LABELS).save(folder / TARGET_FILE)
    sizes = Sizes(len(source), len(LABELS) + 4, 8, shared=False, runs=len(source) if request.param else 0)
    torch.manual_seed(1)
    model = build_model(recipe.model, sizes)
    if isinstance(model, WideClassifier):
        model.linear.keys = torch.arange(len(source))
        model.linear.weights = torch.randn(len(source), len(LABELS))
    save_checkpoint(model, sizes, folder)
    write_recipe(recipe, folder)
    return folder


@pytest.fixture(scope="module")
def labeler(folder: Path) -> TextClassifier:
    found = read_generator(folder)
    assert isinstance(found, TextClassifier)
    return found


def test_eight_bits_answer_with_labels_too(folder: Path, labeler: TextClassifier, tmp_path: Path) -> None:
    export(folder, tmp_path / "small", "torch-int8")
    small = load_generator(tmp_path / "small")
    assert isinstance(small, TextClassifier)
    assert not small.backend.runs_on_gpu
    for exact, rounded in zip(
        *(each.columns(each.answer(TEXTS, each.decoding))["probabilities"] for each in (labeler, small)), strict=True
    ):
        assert rounded == pytest.approx(exact, abs=0.05)


def test_the_probabilities_of_all_labels_add_up_to_one(labeler: TextClassifier) -> None:
    columns = labeler.columns(labeler.answer(TEXTS, labeler.decoding))
    for label, chance, chances in zip(
        columns["prediction"], columns["probability"], columns["probabilities"], strict=True
    ):
        assert list(chances) == LABELS
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert chance == chances[label] == max(chances.values())


def test_a_text_is_labeled_alike_in_any_company(labeler: TextClassifier) -> None:
    together = labeler.columns(labeler.answer(TEXTS, labeler.decoding))["probability"]
    alone = [labeler.columns(labeler.answer([text], labeler.decoding))["probability"][0] for text in TEXTS]
    assert together == pytest.approx(alone, abs=1e-5)


def test_a_line_is_a_label_and_all_probabilities(labeler: TextClassifier) -> None:
    [found] = labeler.answer(TEXTS[:1], labeler.decoding)
    label, tab, chances = labeler.line(found).partition("\t")
    assert label in LABELS
    assert tab
    assert chances.startswith(f"{label} ")
    assert chances.count("%") == 3


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_nothing_has_no_label(labeler: TextClassifier, empty: str) -> None:
    with pytest.raises(UserError, match="text 2 of 2 is empty"):
        labeler.answer(["a room", empty], labeler.decoding)


def test_served_columns(folder: Path) -> None:
    columns = Predictor.load(folder)(TEXTS, {"n_best": 2, "return_scores": True})
    assert columns["prediction"] == [found[0] for found in columns["predictions"]]
    assert [len(found) for found in columns["predictions"]] == [2] * 4
    assert columns["probabilities"][0].keys() == set(LABELS)
    assert all(score <= 0 for score in columns["score"])


def test_every_word_has_a_weight_for_the_label(labeler: TextClassifier) -> None:
    found = explain(labeler, "a lovely soup")
    assert [found.answer] == found.target == labeler.reply(["a lovely soup"], labeler.decoding)["prediction"]
    assert found.source == ["▁a", "▁lovely", "▁soup"]
    assert len(found.weights[0]) == 3
    other = explain(labeler, "a lovely soup", label="bad")
    assert other.answer == "bad"
    with pytest.raises(UserError, match="no label of this model; it has bad, good, so so"):
        explain(labeler, "a lovely soup", label="great")
    with pytest.raises(UserError, match="the text is empty"):
        explain(labeler, " ")


def test_a_word_with_weight_decides(folder: Path) -> None:
    """Of the linear model alone, the word whose weights were raised is the one that is named."""
    labeler = read_generator(folder)
    if not isinstance(labeler.model, WideClassifier):
        return
    labeler.model.shares = torch.tensor([0.0, 1.0])
    labeler.model.linear.weights = torch.zeros_like(labeler.model.linear.weights)
    soup = labeler.encode(["soup"])[0][0]
    labeler.model.linear.weights[soup, LABELS.index("bad")] = 3.0
    found = explain(labeler, "a lovely soup")
    assert (found.answer, found.source) == ("bad", ["▁a", "▁lovely", "▁soup"])
    assert found.by_token == pytest.approx([0, 0, 3 / 4**0.5], abs=1e-4)  # the end of the text is a token, too
