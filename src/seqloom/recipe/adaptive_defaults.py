"""Adaptive defaults: fields that a recipe leaves out follow from its task and its corpus.

A batch of 2,048 tokens suits a hundred thousand rows but not six hundred, for which 40 epochs would be a hundred
updates. So sizes follow the corpus: vocabulary and width from the amount of text, the batch so that an epoch has about
a hundred updates, the epochs so that there are enough of them. In words: docs/defaults.md.

The rule does not depend on the machine: the same recipe and text give the same model everywhere.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from seqloom.errors import UserError
from seqloom.recipe.applications import application_of
from seqloom.recipe.corpus_profile import CorpusProfile
from seqloom.recipe.model_rules import RECURRENT, completions, describe_model
from seqloom.recipe.schema import Recipe

DEEP_FROM, WIDE_FROM = (
    100_000,
    3_000_000,
)  # target tokens: from here four layers instead of three, width 256 instead of 128
WORD_VECTORS_UP_TO = 1_000_000  # tokens: with more text the model learns embeddings itself, and word2vec takes minutes
SHARED_FROM = 0.8  # of the targets' characters that the sources have too
WORDS = 20_000
HANGUL = 0.1  # of the characters, from which strings are cut into the parts of syllables: 11,172 of those are too rare
SPACES_OF_SYMBOLS = 0.22  # of the characters, from which spaces stand between symbols; in text it is a sixth
BYTES = 260  # tokens in every vocabulary of subwords or characters: 256 bytes and four special ones
LEAST_TOKENS, MOST_TOKENS = 500, 16_000  # of a vocabulary of subwords
UPDATES_OF_AN_EPOCH = 100
PRIVATE_UPDATES_OF_AN_EPOCH, PRIVATE_EPOCHS = 20, 10  # noise is spread over many rows, and each row costs time
PRIVATE_LABELS_RATE = 0.005  # noise keeps Adam's steps small
MOST_SUBWORDS, MOST_CHARACTERS = 1800, 4000  # of a batch
LABELS_UPDATES = 1100
MOST_EPOCHS = 100
MOST_PATIENCE = 10  # epochs, by the loss: of a few hundred rows it rises for good within a quarter of the epochs
CHOSEN_AT_ZERO = {
    *("size", "width", "encoder_width", "decoder_width", "encoder_layers", "decoder_layers", "feedforward_width"),
    *("epochs", "batch_tokens", "learning_rate", "patience"),
}
"""Fields for which 0 means adaptive; for others it is an ordinary value."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Adapted:
    """A recipe with every default resolved, and the reason."""

    recipe: Recipe
    reason: str  # "609 rows: …, batches of 128, 33 epochs"; empty where all was written


def adapt(recipe: Recipe, facts: Mapping[str, Any]) -> Adapted:
    """Choose the fields that `recipe` leaves out, by the facts of its corpus stage.

    Raises:
        UserError: a chosen value contradicts a field of the recipe.
    """
    profile = profile_of(recipe, facts)
    tree = recipe.model_dump()
    sections = (("vocabulary", _vocabulary), ("model", _model), ("vectors", _vectors), ("training", _training))
    for name, choose in sections:
        section: Fields = tree[name]
        section.update(_left_out(getattr(recipe, name), choose(recipe, profile, tree)))
    try:
        adapted = Recipe.model_validate(tree)
    except ValidationError as error:
        raise UserError(
            f"recipe {recipe.name}: {error.errors()[0]['msg'].removeprefix('Value error, ')} (fields that the recipe "
            "leaves out were chosen from the corpus: write the one that is named)"
        ) from None
    return Adapted(adapted, "" if adapted == recipe else _reason(adapted, profile))


def profile_of(recipe: Recipe, facts: Mapping[str, Any]) -> CorpusProfile:
    """Return the profile of the corpus; for strings the tokens are characters."""
    profile = CorpusProfile.of(facts)
    return replace(profile, characters_per_token=1.0) if recipe.task == "transduction" else profile


def inherit(recipe: Recipe, parent: Recipe, fields: Sequence[tuple[str, str]]) -> Recipe:
    """Return the recipe with its parent's values in these (section, field) pairs, where it leaves them out."""
    sections = {}
    for name in {section for section, _ in fields}:
        theirs = getattr(parent, name)
        values = {
            field: getattr(theirs, field) for section, field in fields if section == name and hasattr(theirs, field)
        }
        section = getattr(recipe, name)
        sections[name] = section.model_copy(update=_left_out(section, values))
    return recipe.model_copy(update=sections)


def _left_out(section: BaseModel, chosen: Fields) -> Fields:
    """Return the chosen values of fields that were not written.

    A form writes every field: there a field that has its default counts as left out.
    """
    fields = type(section).model_fields
    written = section.model_fields_set if len(section.model_fields_set) < len(fields) else set()
    return {
        name: value
        for name, value in chosen.items()
        if getattr(section, name) == fields[name].default
        and (name not in written or getattr(section, name) == "auto" or name in CHOSEN_AT_ZERO)
    }


def _vocabulary(recipe: Recipe, profile: CorpusProfile, _: Fields) -> Fields:
    """Choose words or characters for labels, else subwords; shared where both sides use the same letters."""
    kind, written = application_of(recipe.task), recipe.vocabulary
    chosen: Fields = {"kind": "bpe", "target_kind": "same"}
    if recipe.task == "transduction":
        chosen = _string_vocabulary(profile)
    elif kind.answer == "label":
        chosen |= {"kind": "char" if profile.unsegmented(0) else "word"}
        if written.kind == "auto":
            chosen["min_frequency"] = 1  # a rare word is known by its spelling
    elif written.kind == "auto" or recipe.model.copy_attention or recipe.model.encoder == "none":
        chosen["shared"] = recipe.task != "translation" or profile.common_characters > SHARED_FROM
    unit = chosen["kind"] if written.kind == "auto" else written.kind
    return {**chosen, "size": _vocabulary_size(profile, unit, chosen.get("shared", False) or written.shared)}


def _string_vocabulary(profile: CorpusProfile) -> Fields:
    """Choose characters, parts of Hangul syllables, or symbols where spaces are so frequent that they divide them."""
    source, target = (
        "spaced" if spaces > SPACES_OF_SYMBOLS else "decomposed" if hangul > HANGUL else "char"
        for spaces, hangul in zip(profile.spaces, profile.hangul, strict=True)
    )
    return {"kind": source, "target_kind": "same" if target == source else target, "min_frequency": 1, "shared": False}


def _vocabulary_size(profile: CorpusProfile, unit: str, shared: bool) -> int:
    """Grow with the square root of the text, as distinct words do (Heaps 1978); at least its letters."""
    if unit in ("word", "spaced"):
        return WORDS
    characters: float = sum(profile.characters) if shared else max(profile.characters)
    letters = sum(profile.distinct_characters) if shared else max(profile.distinct_characters)
    return min(MOST_TOKENS, max(LEAST_TOKENS, BYTES + 2 * letters, 100 * round(0.045 * math.sqrt(characters))))


def _model(recipe: Recipe, profile: CorpusProfile, tree: Fields) -> Fields:
    """Choose the architecture that did best on corpora of this size, and its widths and layers."""
    written = recipe.model
    chosen = _architecture(recipe, tree["vocabulary"]["kind"])
    sides = [(getattr(written, side), chosen[side]) for side in ("encoder", "decoder")]
    if all(ours != "auto" for ours, _ in sides) or any(ours not in ("auto", best) for ours, best in sides):
        chosen = _other_side(recipe)
    chosen.setdefault("attention", "additive")
    encoder, decoder = chosen["encoder"], chosen["decoder"]
    width = 128 if profile.tokens(1) < WIDE_FROM else 256
    chosen["encoder_width"] = width
    chosen["decoder_width"] = 2 * width if decoder in RECURRENT else width
    if encoder == "none" and decoder in RECURRENT:
        chosen["decoder_width"] = min(800, max(256, round(profile.tokens(1) ** 0.5 / 64) * 64))
    chosen["encoder_layers"], chosen["decoder_layers"] = (
        _layers(each, decoder, profile) for each in (encoder, decoder)
    )
    widest = max(written.encoder_width or chosen["encoder_width"], written.decoder_width or chosen["decoder_width"])
    return {**chosen, "feedforward_width": 2 * widest}


def _architecture(recipe: Recipe, unit: str) -> Fields:
    transformer = {"encoder": "transformer", "decoder": "transformer", "dropout": 0.2}
    match recipe.task:
        case _ if recipe.registry.backend.startswith("ctranslate2"):  # which runs nothing else
            return transformer
        case "sentiment":
            runs, window = (3, 5) if unit == "char" else (2, 3)
            linear = 0 if recipe.training.privacy_epsilon else runs  # it is fitted without noise
            parts = {"pooling": "mean", "ngram_order": linear, "kernel_size": window, "dropout": 0.5}
            return {"encoder": "cnn", "decoder": "classifier", **parts}
        case "generation":
            return {"encoder": "none", "decoder": "lstm", "variational_dropout": True, "dropout": 0.35}
        case "reconstruction":
            dropout = 0.0 if recipe.corpus.overfit else 0.2
            return {"encoder": "gru", "decoder": "gru", "attention": "none", "dropout": dropout}
        case "transduction":
            return {"encoder": "lstm", "decoder": "lstm", "dropout": 0.3}
        case "summarization":
            return {"encoder": "gru", "decoder": "gru", "copy_attention": True, "dropout": 0.3}
    return transformer


def _other_side(recipe: Recipe) -> Fields:
    """Choose an omitted encoder or decoder of the kind of the named one, as far as the task allows."""
    pairs = completions(recipe.model.encoder, recipe.model.decoder)
    by_task = {"sentiment": ("classifier",), "reconstruction": RECURRENT, "generation": ()}
    allowed = by_task.get(recipe.task, (*RECURRENT, "cnn", "transformer"))
    fitting = (pair for pair in pairs if pair[1] in allowed or (not allowed and pair[0] == "none"))
    encoder, decoder = next(fitting, pairs[0])
    return {
        "encoder": encoder,
        "decoder": decoder,
        "attention": "none" if recipe.task == "reconstruction" else "additive",
    }


def _layers(kind: str, decoder: str, profile: CorpusProfile) -> int:
    if kind not in ("transformer", "cnn") or decoder == "classifier":
        return 1
    return 3 if profile.tokens(1) < DEEP_FROM else 4


def _vectors(recipe: Recipe, profile: CorpusProfile, tree: Fields) -> Fields:
    """Choose word2vec for small corpora, and the width of the embeddings."""
    few = profile.tokens(0) + profile.tokens(1) < WORD_VECTORS_UP_TO
    recurrent = tree["model"]["encoder"] != "transformer" and tree["model"]["encoder"] != "none"
    sides = [tree["model"][name] for name in ("encoder_width", "decoder_width")]
    width = sides[1] // 2 if tree["model"]["encoder"] == "none" else min(sides)
    words = recipe.task != "transduction" and not recipe.training.privacy_epsilon
    return {"method": "word2vec" if words and few and recurrent else "none", "width": width}


def _training(recipe: Recipe, profile: CorpusProfile, tree: Fields) -> Fields:
    """Choose batches that give about a hundred updates an epoch, and enough epochs."""
    written, answer = recipe.training, application_of(recipe.task).answer
    most = MOST_CHARACTERS if recipe.task == "transduction" else MOST_SUBWORDS
    batch = written.batch_tokens or _rounded(profile.batched_tokens / UPDATES_OF_AN_EPOCH, 128, most)
    private = written.privacy_epsilon > 0
    if private and not written.batch_tokens:
        batch = max(128, round(profile.batched_tokens / PRIVATE_UPDATES_OF_AN_EPOCH / 64) * 64)
    wanted = LABELS_UPDATES if answer == "label" else min(10_000, max(1400, round(15 * profile.batched_tokens**0.5)))
    each = max(1.0, profile.batched_tokens / batch / written.gradient_accumulation)
    epochs = written.epochs or (PRIVATE_EPOCHS if private else min(MOST_EPOCHS, max(3, round(wanted / each))))
    updates = round(epochs * each)
    chosen: Fields = {"batch_tokens": batch, "epochs": epochs, "patience": max(5, epochs // 3)}
    if answer == "label":
        kept = {"ema_decay": 0.99, "average_checkpoints": 3, "select_by": application_of(recipe.task).metric}
        rate = PRIVATE_LABELS_RATE if private else 0.001
        return {**chosen, "learning_rate": rate, "schedule": "constant", "label_smoothing": 0.0, **kept}
    rates = {"sgd": 0.5, "adagrad": 0.02}  # the others step by a share of the weights
    rate = rates.get(written.optimizer) or _learning_rate(tree["model"], batch)
    chosen |= {"learning_rate": rate, "schedule": "cosine", "select_by": "loss"}
    if recipe.task == "transduction":
        chosen["select_by"] = application_of(recipe.task).metric  # it still rises when the loss no longer falls
    else:
        chosen["patience"] = min(MOST_PATIENCE, chosen["patience"])
    if written.schedule == "auto":
        chosen["warmup_steps"] = min(1000, updates // 10)
    if answer == "continuation":
        chosen["label_smoothing"] = 0.0  # perplexity is what it is judged by
    if tree["model"]["decoder"] == "transformer" and epochs >= 15:
        chosen["average_checkpoints"] = 5
    return chosen


def _learning_rate(model: Fields, batch: int) -> float:
    if "transformer" in (model["encoder"], model["decoder"]):
        width: int = model["decoder_width"]
        return round(0.003 * 128 / max(128, width), 5)
    return 0.004 if batch <= 512 else 0.002


def _rounded(tokens: float, least: int, most: int) -> int:
    return min(most, max(least, round(tokens / 64) * 64))


def _reason(recipe: Recipe, profile: CorpusProfile) -> str:
    """Return the choices in words, without updates: before encoding, tokens are only estimated."""
    section = recipe.training
    return (
        f"{profile.rows:,} rows: {describe_model(recipe.model)}, {recipe.vocabulary.size:,} tokens, batches of "
        f"{section.batch_tokens:,}, {section.epochs} epochs"
    )
