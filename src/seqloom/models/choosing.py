"""Which encoder and which decoder a recipe's model section names."""

from typing import TYPE_CHECKING

from seqloom.models.classifier import Classifier
from seqloom.models.contract import Decoder, Encoder
from seqloom.models.convolutional_decoder import ConvolutionalDecoder
from seqloom.models.convolutional_encoder import ConvolutionalEncoder
from seqloom.models.covering_decoder import CoveringDecoder
from seqloom.models.input_feeding_decoder import InputFeedingDecoder
from seqloom.models.language_decoder import LanguageDecoder
from seqloom.models.no_encoder import NoEncoder
from seqloom.models.recurrent_decoder import AdditiveDecoder, FixedVectorDecoder, MultiplicativeDecoder
from seqloom.models.recurrent_encoder import RecurrentEncoder
from seqloom.models.transformer_decoder import TransformerDecoder
from seqloom.models.transformer_encoder import TransformerEncoder
from seqloom.models.transformer_layer import Shape
from seqloom.models.variational import VariationalDecoder, VariationalEncoder
from seqloom.recipe.architecture import positions_of

if TYPE_CHECKING:
    from seqloom.recipe.schema import Model

RECURRENT_DECODERS: dict[str, type[FixedVectorDecoder | AdditiveDecoder | MultiplicativeDecoder]] = {
    "none": FixedVectorDecoder,
    "additive": AdditiveDecoder,
    "multiplicative": MultiplicativeDecoder,
}


def build_encoder(section: "Model", width: int) -> Encoder:
    """The encoder, fresh, that reads embeddings of `width`."""
    match section.encoder:
        case "none":
            return NoEncoder()
        case "transformer":
            shape = _transformer_shape(section, section.encoder_width)
            return TransformerEncoder(shape, width, section.encoder_layers, positions_of(section), section.places)
        case "cnn":
            return ConvolutionalEncoder(
                width,
                section.encoder_width,
                section.encoder_layers,
                section.kernel_width,
                positions_of(section),
                section.places,
                section.dropout,
            )
    encoder = RecurrentEncoder(
        section.encoder,
        width,
        section.encoder_width,
        section.encoder_layers,
        section.bidirectional,
        _dropout_at_each_step(section),
        section.source_reversed,
    )
    return VariationalEncoder(encoder, section.dropout) if section.variational_dropout else encoder


def build_decoder(section: "Model", width: int, memory_width: int) -> Decoder:
    """The decoder, fresh, that reads and writes embeddings of `width` and sees memory of `memory_width`."""
    match section.decoder:
        case "classifier":
            return Classifier(width, memory_width, section.pooling, section.dropout)
        case "transformer":
            shape = _transformer_shape(section, section.decoder_width)
            return TransformerDecoder(
                shape, width, section.decoder_layers, memory_width, positions_of(section), section.places
            )
        case "cnn":
            return ConvolutionalDecoder(
                width,
                section.decoder_width,
                section.decoder_layers,
                section.kernel_width,
                memory_width,
                positions_of(section),
                section.places,
                section.dropout,
            )
    decoder = _recurrent_decoder(section, width, memory_width)
    return VariationalDecoder(decoder, section.dropout) if section.variational_dropout else decoder


def _recurrent_decoder(section: "Model", width: int, memory_width: int) -> Decoder:
    kind, decoder_width, layers = section.decoder, section.decoder_width, section.decoder_layers
    dropout = _dropout_at_each_step(section)
    if section.encoder == "none":
        return LanguageDecoder(kind, width, decoder_width, layers, dropout)
    if section.copying and section.attention == "additive":
        return CoveringDecoder(kind, width, decoder_width, layers, memory_width, dropout, section.coverage > 0)
    decoder = InputFeedingDecoder if section.input_feeding else RECURRENT_DECODERS[section.attention]
    return decoder(kind, width, decoder_width, layers, memory_width, dropout)


def _dropout_at_each_step(section: "Model") -> float:
    """The rate of the recurrent side's own dropout; the variational one masks its matrices in its place."""
    return 0.0 if section.variational_dropout else section.dropout


def _transformer_shape(section: "Model", width: int) -> Shape:
    return Shape(
        width=width,
        heads=section.heads,
        feedforward_width=section.feedforward_width,
        dropout=section.dropout,
        norm_first=section.norm == "pre",
        rotary=positions_of(section) == "rotary",
    )
