"""Which architectures make no sense, and what to change in them."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe
    from seqloom.recipe.sections.model_section import Model

RECURRENT = ("rnn", "lstm", "gru")
KNOWING_PLACES = ("transformer", "cnn")
AUTO = "auto"  # chosen by `adaptive_defaults` once the corpus is known


def in_words(model: "Model") -> str:
    """The architecture in a few words, such as `lstm→lstm additive`; what does not concern it is left out."""
    words = model.decoder if model.encoder == "none" else f"{model.encoder}→{model.decoder}"
    if model.encoder != "none" and model.decoder in RECURRENT:
        words += " without attention" if model.attention == "none" else f" {model.attention}"
    if model.ngram_order:
        words += " with a linear part"
    return f"{words} copying" if model.copy_attention else words


def mistakes_in(model: "Model") -> Iterator[str]:
    """A sentence for each thing that cannot be built as it is asked for, whatever is chosen for what is left out.

    A field that does not concern the architecture is no mistake while it has its default: a form sends every default.
    """
    found = [
        list(_mistakes_of(model.model_copy(update={"encoder": encoder, "decoder": decoder})))
        for encoder, decoder in completions(model.encoder, model.decoder)
    ]
    yield from found[0] if all(found) else ()


def completions(encoder: str, decoder: str) -> list[tuple[str, str]]:
    """Encoder and decoder as they are named, or what may be chosen where one is left out; the likeliest first."""
    match encoder, decoder:
        case "auto", "auto":
            return [("lstm", "lstm"), ("transformer", "transformer"), ("cnn", "classifier"), ("none", "lstm")]
        case "auto", "classifier":
            return [("cnn", "classifier")]
        case "auto", _:
            return [(decoder, decoder), ("none", decoder)]
        case "none", "auto":
            return [("none", "lstm")]
        case _, "auto":
            return [(encoder, encoder), (encoder, "classifier"), (encoder, "gru")]
    return [(encoder, decoder)]


def _mistakes_of(model: "Model") -> Iterator[str]:
    yield from _mistaken_pair(model)
    yield from _mistaken_attention(model)
    yield from _mistaken_recurrence(model)
    yield from _mistaken_copying(model)
    for side in ("encoder", "decoder"):
        if getattr(model, side) == "transformer":
            yield from _mistaken_heads(model, side)
    if model.positions == "rotary" and "cnn" in (model.encoder, model.decoder):
        yield "a cnn cannot turn queries and keys: set positions to sinusoidal or learned"


def window_of(recipe: "Recipe") -> int:
    """Tokens of running text that a decoder which knows places reads at once: those of a row; else 0, no bound."""
    running = recipe.corpus.format == "running" and recipe.model.decoder in KNOWING_PLACES
    return recipe.training.block_size if running else 0


def positions_of(model: "Model") -> str:
    """How places are known where the recipe leaves it open: rotary foresees running text best (docs/results.md)."""
    if model.positions != "auto":
        return model.positions
    turns = model.encoder == "none" and model.decoder == "transformer" and model.decoder_width // model.heads % 2 == 0
    return "rotary" if turns else "sinusoidal"


def sides_with_learned_positions(model: "Model") -> list[str]:
    """Of encoder and decoder those that have a vector for each of `places` and none behind them."""
    if model.positions != "learned":
        return []
    return [side for side in ("encoder", "decoder") if getattr(model, side) in KNOWING_PLACES]


def mistaken_places(recipe: "Recipe") -> Iterator[str]:
    """A sentence where learned positions cannot hold what the recipe itself asks for; the corpus is looked at later."""
    places, longest, window = recipe.model.max_positions, recipe.decoding.max_length, window_of(recipe)
    if "decoder" not in sides_with_learned_positions(recipe.model):
        return
    if window > places:
        yield (
            f"a row has {window} tokens, and model.max_positions is {places}: lower training.block_size to {places}, "
            "or raise model.max_positions"
        )
    if not window and longest >= places:
        yield (
            f"decoding.max_length {longest} is more than the {places - 1} tokens that model.max_positions holds: lower "
            f"it to {places - 1}, or raise model.max_positions to {longest + 1}"
        )


def idle_words(model: "Model", said: Collection[str]) -> Iterator[str]:
    """A sentence for each default that somebody wrote out and that does nothing; `said` are the fields written.

    Where every field is, nobody wrote them: such a section is a dump of a recipe, or comes from a form.
    """
    if len(said) == len(type(model).model_fields):
        return
    if "attention" in said and model.decoder == "classifier" and model.attention not in ("auto", "none"):
        yield f"attention {model.attention} is of decoders that write text, and a classifier writes none: remove it"


def ctranslate2_obstacles(recipe: "Recipe") -> Iterator[str]:
    """What keeps CTranslate2 from running the model, each a reason."""
    model = recipe.model
    for side in ("encoder", "decoder"):
        if getattr(model, side) not in ("transformer", AUTO):
            yield f"its {side} is {getattr(model, side)} and not transformer"
    if model.copy_attention:
        yield "it copies source tokens (model.copy_attention)"
    if recipe.decoding.method == "sample":
        yield "its texts are drawn by a seed (decoding.method sample)"
    if len({recipe.vectors.width, model.encoder_width, model.decoder_width} - {0}) > 1:
        yield "vectors.width, model.encoder_width and model.decoder_width are not the same"


def attends(model: "Model") -> bool:
    """Whether the decoder looks at places of the source, and so can tell where it looked."""
    return model.encoder != "none" and model.decoder != "classifier" and model.attention != "none"


def _mistaken_pair(model: "Model") -> Iterator[str]:
    if model.decoder == "classifier":
        if model.encoder == "none":
            yield "a classifier needs an encoder to read the source: set encoder to another kind"
        if not model.tie_embeddings:
            yield "a classifier embeds no target text, only its labels: leave tie_embeddings at true"
        return
    if model.pooling != "summary":
        yield f"pooling {model.pooling} is a classifier's: set decoder to classifier or remove pooling"
    if model.ngram_order:
        yield "ngram_order is a classifier's: set decoder to classifier or remove ngram_order"


def _mistaken_attention(model: "Model") -> Iterator[str]:
    if model.attention in ("auto", "additive"):  # additive is what versions have that had no choice
        return
    if model.encoder == "none" and model.attention != "none":
        yield f"without an encoder there is nothing for attention {model.attention} to see: remove attention"
    if model.decoder not in RECURRENT and model.attention != "none":
        yield f"attention {model.attention} is a recurrent decoder's: remove it, or set decoder to rnn, lstm or gru"
    if model.decoder in ("transformer", "cnn") and model.encoder != "none" and model.attention == "none":
        yield f"a {model.decoder} decoder always attends: remove attention, or set decoder to rnn, lstm or gru"


def _mistaken_recurrence(model: "Model") -> Iterator[str]:
    if model.reverse_source and model.encoder not in RECURRENT:
        yield "reverse_source is a recurrent encoder's: remove it, or set encoder to rnn, lstm or gru"
    elif model.reverse_source and model.bidirectional:
        yield "a bidirectional encoder reads the source reversed anyway: set bidirectional to false for reverse_source"
    if model.input_feeding and (
        model.decoder not in RECURRENT or model.encoder == "none" or model.attention != "multiplicative"
    ):
        yield "input_feeding is of a recurrent decoder with multiplicative attention: set attention, or remove it"
    if model.variational_dropout and model.encoder not in RECURRENT and model.decoder not in RECURRENT:
        yield "variational_dropout is a recurrent side's: remove it, or set encoder or decoder to rnn, lstm or gru"


def _mistaken_copying(model: "Model") -> Iterator[str]:
    if model.coverage and not model.copy_attention:
        yield "coverage is of a model that copies: set copy_attention to true or remove coverage"
    if not model.copy_attention:
        return
    if model.decoder == "classifier":
        yield "a classifier writes no text to copy into: remove copy_attention"
    elif model.encoder == "none":
        yield "without an encoder there is no attention to copy by: remove copy_attention, or set another encoder"
    elif model.decoder in RECURRENT and model.attention == "none":
        yield "copy_attention copies by attention: set attention to additive or multiplicative"


def _mistaken_heads(model: "Model", side: str) -> Iterator[str]:
    width: int = getattr(model, f"{side}_width")
    if width % model.heads:
        yield f"{side}_width {width} is no multiple of heads {model.heads}: change one of them"
    elif model.positions == "rotary" and width // model.heads % 2:
        yield f"rotary positions need an even {side}_width / heads, here it is {width // model.heads}: change one"
