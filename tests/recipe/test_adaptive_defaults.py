"""What a recipe leaves out: chosen for every task and any corpus, and nothing that was written is touched."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.recipe.adaptive_defaults import adapt, inherit, profile_of
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe
from tests.models.plain import Facts, facts_of

TASKS: dict[str, dict[str, Any]] = {
    "translation": {},
    "summarization": {},
    "sentiment": {},
    "reconstruction": {"format": "texts"},
    "chat": {"turns": 2, "format": "texts"},
    "generation": {"format": "running"},
    "transduction": {},
}

OTHERS_CHOOSE = ("device", "precision", "positions")  # the machine, and the architecture once it is built


def recipe_of(task: str, **sections: Any) -> Recipe:
    return check_recipe({"name": "a", "task": task, "corpus": {"train": ["x"], **TASKS[task]}, **sections}, "recipe")


corpora = st.builds(
    facts_of,
    rows=st.integers(1, 5_000_000),
    characters=st.floats(1, 1000),
    spaces=st.floats(0, 0.3),
    distinct=st.integers(1, 6000),
    common=st.floats(0, 1),
)


@settings(deadline=None, max_examples=50)
@given(task=st.sampled_from([*TASKS]), facts=corpora)
def test_nothing_is_left_to_choose_for_any_task_and_corpus(task: str, facts: Facts) -> None:
    adapted = adapt(recipe_of(task), facts)
    chosen = adapted.recipe.model_dump()
    for section in ("vocabulary", "vectors", "model", "training"):
        assert "auto" not in [value for name, value in chosen[section].items() if name not in OTHERS_CHOOSE]
    for section, field in (("vocabulary", "size"), ("vectors", "width"), ("model", "encoder_width")):
        assert chosen[section][field] > 0
    for field in ("epochs", "batch_tokens", "learning_rate", "patience"):
        assert chosen["training"][field] > 0
    patience = chosen["training"]["patience"]
    assert patience <= 10 or chosen["training"]["select_by"] != "loss", "a small table would be trained on in vain"
    assert adapted.reason
    again = adapt(adapted.recipe, facts)
    assert again.recipe == adapted.recipe
    assert again.reason == ""


@settings(deadline=None, max_examples=50)
@given(task=st.sampled_from([*TASKS]), facts=corpora)
def test_a_form_that_sends_every_default_chooses_as_a_file_that_says_none(task: str, facts: Facts) -> None:
    file = recipe_of(task)
    form = check_recipe(file.model_dump(), "form")
    assert adapt(form, facts).recipe == adapt(file, facts).recipe


WRITTEN = [
    ("translation", "model", {"encoder": "gru", "encoder_width": 48, "dropout": 0.2}),
    ("translation", "model", {"decoder": "transformer", "decoder_width": 64, "decoder_layers": 2}),
    ("translation", "model", {"dropout": 0.2}),
    ("translation", "training", {"epochs": 7, "batch_tokens": 640, "learning_rate": 0.5, "schedule": "constant"}),
    ("translation", "training", {"warmup_steps": 3, "average_checkpoints": 1, "patience": 2}),
    ("translation", "vocabulary", {"kind": "char", "size": 999, "min_frequency": 2}),
    ("translation", "vectors", {"method": "fasttext", "width": 33}),
    ("sentiment", "model", {"ngram_order": 0, "pooling": "max", "kernel_size": 3}),
    ("sentiment", "training", {"label_smoothing": 0.1, "ema_decay": 0.0, "select_by": "loss"}),
    ("summarization", "model", {"encoder": "transformer"}),
    ("generation", "model", {"decoder": "gru", "decoder_width": 99, "variational_dropout": False}),
    ("chat", "vocabulary", {"size": 700}),
]


@pytest.mark.parametrize(("task", "section", "fields"), WRITTEN)
def test_what_is_written_stays(task: str, section: str, fields: dict[str, Any]) -> None:
    adapted = adapt(recipe_of(task, **{section: fields}), facts_of(30_000)).recipe
    assert {name: getattr(getattr(adapted, section), name) for name in fields} == fields


@pytest.mark.parametrize("task", [task for task in TASKS if task != "sentiment"])
@pytest.mark.parametrize("rows", [200, 609, 3_000, 30_000, 170_000, 2_000_000])
def test_every_corpus_gets_enough_updates_and_none_too_many(task: str, rows: int) -> None:
    facts = facts_of(rows)
    recipe = adapt(recipe_of(task), facts).recipe
    section, tokens = recipe.training, profile_of(recipe, facts).batched_tokens
    assert 1_000 <= section.epochs * max(1.0, tokens / section.batch_tokens / section.gradient_accumulation) <= 70_000
    assert 3 <= recipe.training.epochs <= 100


def test_more_text_never_means_a_smaller_model_or_vocabulary() -> None:
    recipes = [
        adapt(recipe_of("translation"), facts_of(rows)).recipe for rows in (300, 3_000, 30_000, 300_000, 3_000_000)
    ]
    for sizes in ([r.vocabulary.size for r in recipes], [r.model.encoder_width for r in recipes]):
        assert sizes == sorted(sizes)
    batches = [recipe.training.batch_tokens for recipe in recipes]
    assert batches == sorted(batches)


@pytest.mark.parametrize(("common", "shared"), [(0.95, True), (0.2, False)], ids=["one alphabet", "two alphabets"])
def test_languages_of_one_alphabet_share_a_vocabulary(common: float, shared: bool) -> None:
    assert adapt(recipe_of("translation"), facts_of(900, common=common)).recipe.vocabulary.shared == shared


def test_a_script_without_spaces_is_labeled_by_its_characters() -> None:
    words, characters = (adapt(recipe_of("sentiment"), facts_of(900, spaces=share)).recipe for share in (0.17, 0.0))
    assert (words.vocabulary.kind, words.model.kernel_size) == ("word", 3)
    assert (characters.vocabulary.kind, characters.model.kernel_size) == ("char", 5)


def test_strings_of_hangul_are_cut_into_parts_of_syllables() -> None:
    kinds = {}
    for hangul in (0.0, 0.9):
        vocabulary = adapt(recipe_of("transduction"), facts_of(900, spaces=0.0, hangul=hangul)).recipe.vocabulary
        kinds[hangul] = (vocabulary.kind, vocabulary.target_kind)
    assert kinds == {0.0: ("char", "same"), 0.9: ("decomposed", "same")}


def test_a_form_for_cpus_gets_a_model_that_it_can_run() -> None:
    for task in ("translation", "summarization"):
        recipe = adapt(recipe_of(task, registry={"backend": "ctranslate2-int8"}), facts_of(500)).recipe
        assert (recipe.model.encoder, recipe.model.decoder) == ("transformer", "transformer")
        assert recipe.vectors.width == recipe.model.encoder_width == recipe.model.decoder_width


def test_the_reason_names_what_decides() -> None:
    reason = adapt(recipe_of("translation"), facts_of(609)).reason
    for part in ("609 rows", "transformer→transformer", "batches of", "epochs"):
        assert part in reason


def test_a_model_that_goes_on_has_the_sizes_of_its_parent() -> None:
    parent = adapt(recipe_of("translation"), facts_of(30_000)).recipe
    fields = [("model", name) for name in type(parent.model).model_fields] + [
        ("vectors", "width"),
        ("vocabulary", "kind"),
    ]
    child = inherit(recipe_of("translation", vectors={"width": 77}), parent, fields)
    adapted = adapt(child, facts_of(300)).recipe
    assert adapted.model == parent.model
    assert adapted.vectors.width == 77


def test_words_of_a_language_model_are_half_as_wide_as_what_reads_them() -> None:
    recipe = adapt(recipe_of("generation"), facts_of(2_000)).recipe
    assert recipe.vectors.width * 2 == recipe.model.decoder_width
