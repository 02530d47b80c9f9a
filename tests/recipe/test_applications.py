"""What cannot go with a task, each told in one sentence, and how figures are read."""

from typing import Any

import pytest

from seqloom.errors import UserError
from seqloom.recipe.applications import APPLICATIONS, metric_of_recipe
from seqloom.recipe.metric import Metric
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe

LABELS = {"task": "sentiment", "model": {"decoder": "classifier"}}

ITSELF = {"task": "reconstruction", "corpus": {"train": ["x"], "format": "texts"}, "model": {"attention": "none"}}

TALK = {"task": "chat", "corpus": {"train": ["x"], "turns": 2}}
GOES_ON = {
    "task": "generation",
    "corpus": {"train": ["x"], "format": "running"},
    "vocabulary": {"shared": True},
    "model": {"encoder": "none"},
}
LEARNED = {"encoder": "none", "decoder": "transformer", "positions": "learned", "max_positions": 100}


def checked(**tree: Any) -> Recipe:
    return check_recipe({"name": "a", "corpus": {"train": ["x"]}, **tree}, "recipe")


def test_a_text_is_its_own_target_in_lines_and_in_a_table() -> None:
    table = {"train": ["x.csv"], "source_column": "text", "target_column": "text"}
    assert checked(**ITSELF).corpus.format == "texts"
    assert checked(**{**ITSELF, "corpus": table}).task == "reconstruction"


@pytest.mark.parametrize(
    ("tree", "remedy"),
    [
        ({"task": "sentiment", "model": {"decoder": "lstm"}}, "answers with a label: set model.decoder to classifier"),
        ({"model": {"decoder": "classifier"}}, "not a translation: set task to sentiment"),
        ({**LABELS, "vocabulary": {"shared": True}}, "vocabulary of texts and labels: set it to false"),
        ({**LABELS, "training": {"objective": "masked"}}, "start from it with training.start_encoder_from"),
        (
            {**LABELS, "vectors": {"method": "pretrained", "source_file": "x", "target_file": "y"}},
            "the target is a label: remove it",
        ),
        ({**LABELS, "evaluation": {"metric": "bleu"}}, "set it to auto, accuracy, macro_f1"),
        ({**LABELS, "training": {"select_by": "chrf"}}, "set it to auto, loss, accuracy, macro_f1"),
        ({"evaluation": {"metric": "accuracy"}}, "is no score of task translation: set it to auto, bleu, chrf"),
        ({"task": "sentiment", "model": {"decoder": "classifier", "attention": "multiplicative"}}, "remove it, or set"),
        (
            {"task": "sentiment", "model": {"decoder": "classifier", "copy_attention": True}},
            "copy into: remove copy_attention",
        ),
        ({**ITSELF, "model": {"attention": "additive"}}, "attention additive sees the text itself"),
        ({**ITSELF, "model": {"attention": "additive"}}, "set model.attention to none"),
        ({**ITSELF, "model": {"encoder": "none"}}, "a vector to write back from: set model.encoder to another kind"),
        ({**ITSELF, "model": {"decoder": "classifier"}}, "set model.decoder to rnn, lstm or gru"),
        ({**ITSELF, "model": {"decoder": "transformer"}}, "set model.decoder to rnn, lstm or gru"),
        ({**ITSELF, "model": {"copy_attention": True}}, "copying and nothing else: remove model.copy_attention"),
        ({**ITSELF, "corpus": {"train": ["x", "y"]}}, "corpus.train has two places"),
        ({**ITSELF, "corpus": {"train": ["x.csv"]}}, "corpus.target_column to one column of a table"),
        ({**ITSELF, "corpus": {"train": ["x.po.gz"], "format": "texts"}}, "catalog of translations"),
        ({**ITSELF, "corpus": {"train": ["x"], "format": "labeled"}}, "corpus.format labeled has a target beside"),
        ({"corpus": {"train": ["x"], "format": "texts"}}, "texts has no translations: set task to reconstruction"),
        ({**LABELS, "corpus": {"train": ["x"], "format": "texts"}}, "texts has no labels: set it to labeled"),
        ({"corpus": {"train": ["x"], "test": ["y"], "overfit": True}}, "overfit makes test of the training text"),
        ({"task": "summarization", "model": {"decoder": "classifier"}}, "not a summary: set task to sentiment"),
        ({"task": "summarization", "corpus": {"train": ["x"], "source_language": "zh"}}, "set both to one language"),
        (
            {"task": "summarization", "model": {"copy_attention": True}, "vocabulary": {"kind": "bpe"}},
            "set vocabulary.shared to true",
        ),
        ({"task": "summarization", "evaluation": {"metric": "chrf"}}, "set it to auto, rouge1, rouge2, rougeL"),
        ({"task": "summarization", "training": {"select_by": "bleu"}}, "set it to auto, loss, rouge1, rouge2, rougeL"),
        ({"evaluation": {"metric": "rougeL"}}, "is no score of task translation"),
        ({"task": "chat"}, "task chat needs corpus.turns"),
        ({"corpus": {"train": ["x"], "turns": 2}}, "for task chat: set task to chat, or remove it"),
        ({**TALK, "corpus": {**TALK["corpus"], "format": "labeled"}}, "set it to texts for lines of turns"),
        ({**TALK, "corpus": {**TALK["corpus"], "format": "po"}}, "corpus.format po holds no dialogues"),
        ({**TALK, "corpus": {**TALK["corpus"], "overfit": True}}, "holds no dialogue out to be tested on"),
        ({**TALK, "corpus": {**TALK["corpus"], "source_language": "en"}}, "set both to one language"),
        ({**TALK, "model": {"decoder": "classifier"}}, "not a reply: set task to sentiment"),
        ({**TALK, "training": {"objective": "masked"}}, "writes no replies: set it to sequence"),
        ({**TALK, "evaluation": {"metric": "rouge1"}}, "set it to auto, bleu, chrf"),
        (
            {**GOES_ON, "model": {"encoder": "lstm"}},
            "no source for the encoder lstm to read, its text goes on from itself: set",
        ),
        ({**GOES_ON, "corpus": {"train": ["x"], "format": "texts"}}, "which task generation learns from: set it to"),
        ({"corpus": {"train": ["x"], "format": "running"}}, "which task translation does not learn from: set it"),
        ({**LABELS, "corpus": {"train": ["x"], "format": "running"}}, "task sentiment does not learn from"),
        ({**GOES_ON, "vocabulary": {"kind": "bpe"}}, "set vocabulary.shared to true"),
        ({**GOES_ON, "model": {"encoder": "none", "attention": "multiplicative"}}, "nothing for attention"),
        ({**GOES_ON, "model": {"encoder": "none", "copy_attention": True}}, "remove copy_attention"),
        ({**GOES_ON, "model": {"encoder": "none", "decoder": "classifier"}}, "needs an encoder to read"),
        ({**GOES_ON, "training": {"objective": "masked"}}, "trains an encoder, and there is none"),
        ({**GOES_ON, "model": LEARNED}, "lower training.block_size to 100, or raise model.max_positions"),
        ({**GOES_ON, "evaluation": {"metric": "bleu"}}, "to auto, word_perplexity, character_perplexity"),
        ({**GOES_ON, "training": {"select_by": "bleu"}}, "is no score of task generation: set it to auto, loss"),
        ({"task": "poetry"}, "task must be one of"),
    ],
)
def test_a_contradiction_is_one_sentence(tree: dict[str, Any], remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        checked(**tree)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tree", "metric"),
    [
        ({}, "chrf"),
        ({"evaluation": {"metric": "bleu"}}, "bleu"),
        (LABELS, "macro_f1"),
        (ITSELF, "chrf"),
        ({**ITSELF, "evaluation": {"metric": "exact_match"}}, "exact_match"),
        (TALK, "chrf"),
        ({"task": "summarization"}, "rougeL"),
        (GOES_ON, "word_perplexity"),
        ({"task": "summarization", "evaluation": {"metric": "rouge2"}}, "rouge2"),
        ({**LABELS, "evaluation": {"metric": "accuracy"}}, "accuracy"),
    ],
)
def test_auto_is_the_metric_of_the_kind(tree: dict[str, Any], metric: str) -> None:
    assert metric_of_recipe(checked(**tree)).name == metric


OF_TEXTS = {"bleu", "chrf", "perplexity"}


@pytest.mark.parametrize(
    ("task", "names", "judged", "falling"),
    [
        ("translation", {*OF_TEXTS, "ter", "accuracy"}, {"bleu", "chrf"}, {"ter", "perplexity"}),
        (
            "summarization",
            {"rouge1", "rouge2", "rougeL", "length_ratio", "repetition", "new_words"},
            {"rouge1", "rouge2", "rougeL"},
            {"repetition"},
        ),
        (
            "sentiment",
            {"accuracy", "macro_f1", "calibration_error"},
            {"accuracy", "macro_f1"},
            {"calibration_error"},
        ),
        ("reconstruction", {*OF_TEXTS, "exact_match", "accuracy"}, {"exact_match", "bleu", "chrf"}, {"perplexity"}),
        ("chat", {*OF_TEXTS, "distinct1", "distinct2", "different"}, {"bleu", "chrf"}, {"perplexity"}),
        (
            "generation",
            {"word_perplexity", "character_perplexity", "perplexity", "distinct1", "distinct2"},
            {"word_perplexity", "character_perplexity"},
            {"word_perplexity", "character_perplexity", "perplexity"},
        ),
        (
            "transduction",
            {"exact_match", "symbol_error_rate", "character_error_rate", "perplexity", "accuracy"},
            {"exact_match"},
            {"symbol_error_rate", "character_error_rate", "perplexity"},
        ),
    ],
)
def test_what_is_measured_what_may_judge_and_what_is_better_lower(
    task: str, names: set[str], judged: set[str], falling: set[str]
) -> None:
    """And how each is shown: points of sacreBLEU and ROUGE to 100, perplexities without an end, the others shares."""
    kind = APPLICATIONS[task]
    assert {measure.name for measure in kind.metrics} == names
    assert set(kind.judged) == {measure.name for measure in kind.metrics if measure.judged} == judged
    assert {measure.name for measure in kind.metrics if not measure.rises} == falling
    for measure in kind.metrics:
        points = measure.name in ("bleu", "chrf", "ter") or measure.name.startswith("rouge")
        assert measure.unit == ("plain" if "perplexity" in measure.name else "points" if points else "share")


def test_every_task_of_the_schema_has_a_kind() -> None:
    assert set(APPLICATIONS) == set(Recipe.model_json_schema()["properties"]["task"]["enum"])


@pytest.mark.parametrize(
    ("unit", "rises", "before", "after", "gain", "shown", "change"),
    [
        ("points", True, 30.0, 31.5, 1.5, "31.5", "+1.50"),
        ("share", True, 0.80, 0.83, 3.0, "83.0%", "+3.00"),
        ("plain", False, 80.0, 76.0, 5.0, "76.0", "-4.00"),
        ("plain", False, 80.0, 84.0, -5.0, "84.0", "+4.00"),
    ],
)
def test_gains(unit: Any, rises: bool, before: float, after: float, gain: float, shown: str, change: str) -> None:
    measure = Metric("a", "A", unit, rises)
    assert measure.gain(before, after) == pytest.approx(gain)
    assert measure.shown(after) == shown
    assert measure.change(after - before) == change
