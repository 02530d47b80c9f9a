"""Rules between the sections of a recipe, beside those of its application.

A bare GPU machine imports this without pydantic, so the fields are imported for their types alone.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.model_rules import AUTO, POSITIONAL, sides_with_learned_positions
from seqloom.recipe.privacy_rules import privacy_errors
from seqloom.recipe.teaching_rules import teaching_errors

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields

LONGEST_CANARY = 60  # characters of both its sides


def recipe_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Yield a sentence for each contradiction between sections."""
    yield from _encoder_errors(recipe)
    yield from _pretraining_errors(recipe)
    yield from _position_errors(recipe)
    if recipe.registry.backend.startswith("ctranslate2"):
        for reason in ctranslate2_obstacles(recipe):
            yield f"registry.backend {recipe.registry.backend} cannot run this model: {reason}; set it to torch"
    yield from _vocabulary_errors(recipe)
    yield from _context_errors(recipe)
    yield from _feature_errors(recipe)
    yield from teaching_errors(recipe)
    yield from _canary_errors(recipe)
    yield from _unmeasured_errors(recipe)
    if recipe.evaluation.adversarial_budget and (why := typo_obstacle(recipe)):
        yield f"evaluation.adversarial_budget searches for typos that hurt, and {why}: set it to 0"
    yield from privacy_errors(recipe)


def window_of(recipe: "RecipeFields") -> int:
    """Return the context window of a language model over running text, in tokens; 0: it is not bounded."""
    running = recipe.corpus.format == "running" and recipe.model.decoder in POSITIONAL
    return recipe.training.block_size if running else 0


def ctranslate2_obstacles(recipe: "RecipeFields") -> Iterator[str]:
    """Yield each reason why CTranslate2 cannot run the model."""
    model = recipe.model
    for side in ("encoder", "decoder"):
        if getattr(model, side) not in ("transformer", AUTO):
            yield f"its {side} is {getattr(model, side)} and not transformer"
    if model.copy_attention:
        yield "it copies source tokens (model.copy_attention)"
    if recipe.corpus.features:
        yield "it reads features (corpus.features)"
    if recipe.decoding.method == "sample":
        yield "its texts are drawn by a seed (decoding.method sample)"
    if len({recipe.vectors.width, model.encoder_width, model.decoder_width} - {0}) > 1:
        yield "vectors.width, model.encoder_width and model.decoder_width are not the same"


def typo_obstacle(recipe: "RecipeFields") -> str:
    """Return why nobody can say what a typo does to an answer; empty where one can."""
    from seqloom.recipe.applications import application_of  # needs libraries that a bare GPU machine has not

    if not application_of(recipe.task).robust:
        return f"in task {recipe.task} one may change the right answer"
    return "corpus.features have no letters" if recipe.corpus.features else ""


def _encoder_errors(recipe: "RecipeFields") -> Iterator[str]:
    if recipe.model.encoder != "none":
        return
    remedy = "remove it, or set model.encoder to another kind"
    if recipe.training.objective == "masked":
        yield f"training.objective masked trains an encoder, and there is none: {remedy}"
    if recipe.training.start_encoder_from:
        yield f"training.start_encoder_from starts an encoder, and there is none: {remedy}"


def _pretraining_errors(recipe: "RecipeFields") -> Iterator[str]:
    if not recipe.pretraining.corpus:
        return
    for field, used, why in (
        ("model.encoder none", recipe.model.encoder == "none", "the encoder is what learns from raw text"),
        ("task generation", recipe.task == "generation", "a language model learns from any text as it is"),
        ("training.start_from", recipe.training.start_from, "a version brings an encoder that has learned"),
        ("training.objective masked", recipe.training.objective == "masked", "it is a pretraining itself"),
        ("corpus.features", recipe.corpus.features, "raw text has none"),
    ):
        if used:
            yield f"{field} and pretraining.corpus exclude each other, since {why}: remove one"


def _position_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Compare learned positions with the lengths that the recipe asks for; those of the corpus are compared later."""
    limit, longest, window = recipe.model.max_positions, recipe.decoding.max_length, window_of(recipe)
    if "decoder" not in sides_with_learned_positions(recipe.model):
        return
    if window > limit:
        yield (
            f"a row has {window} tokens, and model.max_positions is {limit}: lower training.block_size to {limit}, "
            "or raise model.max_positions"
        )
    if not window and longest >= limit:
        yield (
            f"decoding.max_length {longest} is more than the {limit - 1} tokens that model.max_positions holds: lower "
            f"it to {limit - 1}, or raise model.max_positions to {longest + 1}"
        )


def _context_errors(recipe: "RecipeFields") -> Iterator[str]:
    corpus = recipe.corpus
    for field in ("memory", "knowledge"):
        if getattr(corpus, field) and (corpus.turns or recipe.task in ("chat", "generation", "reconstruction")):
            yield (
                f"corpus.{field} joins a context to sources of translation, summarization, transduction or sentiment: "
                f"remove it from a recipe of {'dialogues' if corpus.turns else recipe.task}"
            )


def _canary_errors(recipe: "RecipeFields") -> Iterator[str]:
    corpus = recipe.corpus
    if not corpus.canaries:
        if recipe.registry.exposure:
            yield "registry.exposure limits what is measured by corpus.canaries: set it to 10, or exposure to 0"
        return
    for field, used, why in (
        ("task sentiment", recipe.task == "sentiment", "labels spell no sequence"),
        ("model.decoder classifier", recipe.model.decoder == "classifier", "labels spell no sequence"),
        ("corpus.features", corpus.features, "canaries have no features"),
        ("corpus.memory", corpus.memory, "a memory looks up training pairs, canaries among them"),
        ("training.objective masked", recipe.training.objective == "masked", "it writes no sequence"),
    ):
        if used:
            yield f"corpus.canaries and {field} exclude each other, since {why}: set canaries to 0"
            return
    if corpus.max_characters < LONGEST_CANARY:
        yield (
            f"corpus.canaries have up to {LONGEST_CANARY} characters, and corpus.max_characters is "
            f"{corpus.max_characters}: raise it, or set canaries to 0"
        )


def _unmeasured_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Compare the rules of the gate with what the recipe measures: one that is never judged looks like one that holds.

    Exposure is told beside the canaries.
    """
    for rule, field, measured, remedy in (
        ("bertscore", "evaluation.bertscore_model", recipe.evaluation.bertscore_model, "name an encoder's folder"),
        ("robustness", "evaluation.robustness_rows", recipe.evaluation.robustness_rows, "set it to 50"),
        ("terms_honored", "decoding.glossary", recipe.decoding.glossary, "give its terms"),
        ("carried_over", "decoding.protect", recipe.decoding.protect, "set it to placeholders"),
    ):
        if getattr(recipe.registry, rule) and not measured:
            yield f"registry.{rule} limits what is measured by {field}: {remedy}, or set {rule} to 0"


def _feature_errors(recipe: "RecipeFields") -> Iterator[str]:
    if not recipe.corpus.features:
        if recipe.corpus.feature_role == "instead":
            yield "corpus.feature_role instead leaves nothing to read without corpus.features: name their column"
        return
    for field, used, why in (
        ("corpus.turns", recipe.corpus.turns, "a reply has the features of no row"),
        ("corpus.sources", recipe.corpus.sources, "the features of all rows are in corpus.train"),
        ("corpus.memory", recipe.corpus.memory, "similar pairs are found by text alone"),
        ("model.encoder none", recipe.model.encoder == "none", "an encoder reads the features"),
        ("model.copy_attention", recipe.model.copy_attention, "features are no tokens to copy"),
        ("model.ngram_order", recipe.model.ngram_order, "features have no n-grams"),
        ("training.objective masked", recipe.training.objective == "masked", "features are no tokens to mask"),
        ("model.positions learned", recipe.model.positions == "learned", "a row may have any number of features"),
    ):
        if used:
            yield f"{field} and corpus.features exclude each other, since {why}: remove one"
    if recipe.task in ("generation", "reconstruction"):
        yield f"corpus.features belong to a source, which task {recipe.task} has not: remove it"


def _vocabulary_errors(recipe: "RecipeFields") -> Iterator[str]:
    kinds = recipe.vocabulary.kind, recipe.vocabulary.target_kind
    if recipe.vocabulary.shared and kinds[1] not in (AUTO, "same", kinds[0]):
        yield (
            f"vocabulary.shared is one vocabulary for both sides, and target_kind {kinds[1]} is not kind {kinds[0]}: "
            "set shared to false, or target_kind to same"
        )
    if recipe.vocabulary.shared or recipe.vocabulary.kind == AUTO:
        return
    remedy = "set vocabulary.shared to true"
    if recipe.model.encoder == "none":
        yield f"model.encoder none reads the source and the target as one text: {remedy}"
    if recipe.model.copy_attention:
        yield f"model.copy_attention writes source tokens as target tokens: {remedy}"
