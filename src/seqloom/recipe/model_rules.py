"""Rules between the fields of the section `model`: which architectures cannot be built, and what to change in them.

A bare GPU machine imports this without pydantic, so the fields are imported for their types alone.
"""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seqloom.recipe.sections.model_fields import ModelFields

RECURRENT = ("rnn", "lstm", "gru")
POSITIONAL = ("transformer", "cnn")  # sides that need positional encodings
AUTO = "auto"  # chosen by `adaptive_defaults` once the corpus is known


def describe_model(model: "ModelFields") -> str:
    """Return the architecture in a few words, such as `lstm→lstm additive`, without what it does not use."""
    words = model.decoder if model.encoder == "none" else f"{model.encoder}→{model.decoder}"
    if model.encoder != "none" and model.decoder in RECURRENT:
        words += " without attention" if model.attention == "none" else f" {model.attention}"
    if model.ngram_order:
        words += " with a linear part"
    return f"{words} copying" if model.copy_attention else words


def model_errors(model: "ModelFields") -> Iterator[str]:
    """Yield a sentence for each contradiction, if it holds whatever is chosen for an encoder or decoder left out.

    A field that does not concern the architecture is no mistake while it has its default: a form sends every default.
    """
    found = [
        list(_pair_rules(model.model_copy(update={"encoder": encoder, "decoder": decoder})))
        for encoder, decoder in completions(model.encoder, model.decoder)
    ]
    yield from found[0] if all(found) else ()


def completions(encoder: str, decoder: str) -> list[tuple[str, str]]:
    """Return the pairs of encoder and decoder that `auto` may stand for, the likeliest first."""
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


def _pair_rules(model: "ModelFields") -> Iterator[str]:
    yield from _classifier_rules(model)
    yield from _attention_rules(model)
    yield from _recurrence_rules(model)
    yield from _copy_rules(model)
    for side in ("encoder", "decoder"):
        if getattr(model, side) == "transformer":
            yield from _head_rules(model, side)
    if model.positions == "rotary" and "cnn" in (model.encoder, model.decoder):
        yield "a cnn cannot turn queries and keys: set positions to sinusoidal or learned"


def positions_of(model: "ModelFields") -> str:
    """Return the positional encoding; auto is rotary for a language model, which it suits best (docs/results.md)."""
    if model.positions != "auto":
        return model.positions
    turns = model.encoder == "none" and model.decoder == "transformer" and model.decoder_width // model.heads % 2 == 0
    return "rotary" if turns else "sinusoidal"


def sides_with_learned_positions(model: "ModelFields") -> list[str]:
    """Return the sides with a learned vector for each of `max_positions`, and none beyond."""
    if model.positions != "learned":
        return []
    return [side for side in ("encoder", "decoder") if getattr(model, side) in POSITIONAL]


def unused_defaults(model: "ModelFields", written: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each field that was written with its default and has no effect; `written` names the fields.

    A section with every field written is a dump of a recipe or comes from a form: nothing in it was chosen.
    """
    if len(written) == len(type(model).model_fields):
        return
    if "attention" in written and model.decoder == "classifier" and model.attention not in ("auto", "none"):
        yield f"attention {model.attention} is of decoders that write text, and a classifier writes none: remove it"


def attends(model: "ModelFields") -> bool:
    """Return whether the decoder attends to positions of the source, so that attention weights can be returned."""
    return model.encoder != "none" and model.decoder != "classifier" and model.attention != "none"


def _classifier_rules(model: "ModelFields") -> Iterator[str]:
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


def _attention_rules(model: "ModelFields") -> Iterator[str]:
    if model.attention in ("auto", "additive"):  # additive is what versions have that had no choice
        return
    if model.encoder == "none" and model.attention != "none":
        yield f"without an encoder there is nothing for attention {model.attention} to see: remove attention"
    if model.decoder not in RECURRENT and model.attention != "none":
        yield f"attention {model.attention} is a recurrent decoder's: remove it, or set decoder to rnn, lstm or gru"
    if model.decoder in ("transformer", "cnn") and model.encoder != "none" and model.attention == "none":
        yield f"a {model.decoder} decoder always attends: remove attention, or set decoder to rnn, lstm or gru"


def _recurrence_rules(model: "ModelFields") -> Iterator[str]:
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


def _copy_rules(model: "ModelFields") -> Iterator[str]:
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


def _head_rules(model: "ModelFields", side: str) -> Iterator[str]:
    width: int = getattr(model, f"{side}_width")
    if width % model.heads:
        yield f"{side}_width {width} is no multiple of heads {model.heads}: change one of them"
    elif model.positions == "rotary" and width // model.heads % 2:
        yield f"rotary positions need an even {side}_width / heads, here it is {width // model.heads}: change one"
