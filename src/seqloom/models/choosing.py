"""Which encoder and which decoder a recipe's model section names."""

from typing import TYPE_CHECKING

from seqloom.models.classifier import Classifier
from seqloom.models.contract import Decoder, Encoder
from seqloom.models.convolutional_decoder import ConvolutionalDecoder
from seqloom.models.convolutional_encoder import ConvolutionalEncoder
from seqloom.models.language_decoder import LanguageDecoder
from seqloom.models.no_encoder import NoEncoder
from seqloom.models.recurrent_decoder import AdditiveDecoder, FixedVectorDecoder, MultiplicativeDecoder
from seqloom.models.recurrent_encoder import RecurrentEncoder
from seqloom.models.transformer_decoder import TransformerDecoder
from seqloom.models.transformer_encoder import TransformerEncoder
from seqloom.models.transformer_layer import Shape

if TYPE_CHECKING:
    from seqloom.recipe.schema import Model

RECURRENT_DECODERS: dict[str, type[FixedVectorDecoder | AdditiveDecoder | MultiplicativeDecoder]] = {
    "none": FixedVectorDecoder,
    "additive": AdditiveDecoder,
    "multiplicative": MultiplicativeDecoder,
}


def build_encoder(section: "Model", width: int) -> Encoder:
    """The encoder, fresh, that reads embeddings of `width`."""
    if section.encoder == "transformer":
        shape = _transformer_shape(section, section.encoder_width)
        return TransformerEncoder(shape, width, section.encoder_layers, section.positions, section.places)
    if section.encoder == "cnn":
        return ConvolutionalEncoder(
            width,
            section.encoder_width,
            section.encoder_layers,
            section.kernel_width,
            section.positions,
            section.places,
            section.dropout,
        )
    if section.encoder == "none":
        return NoEncoder()
    return RecurrentEncoder(
        section.encoder,
        width,
        section.encoder_width,
        section.encoder_layers,
        section.bidirectional,
        section.dropout,
    )


def build_decoder(section: "Model", width: int, memory_width: int) -> Decoder:
    """The decoder, fresh, that reads and writes embeddings of `width` and sees memory of `memory_width`."""
    if section.decoder == "transformer":
        shape = _transformer_shape(section, section.decoder_width)
        return TransformerDecoder(shape, width, section.decoder_layers, memory_width, section.positions, section.places)
    if section.decoder == "cnn":
        return ConvolutionalDecoder(
            width,
            section.decoder_width,
            section.decoder_layers,
            section.kernel_width,
            memory_width,
            section.positions,
            section.places,
            section.dropout,
        )
    if section.decoder == "classifier":
        return Classifier(width, memory_width, section.pooling, section.dropout)
    if section.encoder == "none":
        return LanguageDecoder(section.decoder, width, section.decoder_width, section.decoder_layers, section.dropout)
    return RECURRENT_DECODERS[section.attention](
        section.decoder, width, section.decoder_width, section.decoder_layers, memory_width, section.dropout
    )


def _transformer_shape(section: "Model", width: int) -> Shape:
    return Shape(
        width=width,
        heads=section.heads,
        feedforward_width=section.feedforward_width,
        dropout=section.dropout,
        norm_first=section.norm == "pre",
        rotary=section.positions == "rotary",
    )
