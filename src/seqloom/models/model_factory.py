"""Models from a recipe's model section, and checkpoints of them."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_model
from torch import nn

from seqloom.artifact.damaged_folder import damage_reported
from seqloom.errors import UserError
from seqloom.models.base_classes import AttentiveDecoder, Decoder, Encoder
from seqloom.models.classifier import Classifier
from seqloom.models.cnn import ConvolutionalDecoder, ConvolutionalEncoder
from seqloom.models.decoder_only import NoEncoder
from seqloom.models.earlier_weights import load_weights
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.frame_projection import FrameProjection
from seqloom.models.initialization import new_embedding
from seqloom.models.masked_lm_head import MaskedLMHead
from seqloom.models.multi_head_attention import Shape
from seqloom.models.ngram_classifier import NgramLinear, WideClassifier
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.rnn_decoders import (
    AdditiveDecoder,
    CoverageDecoder,
    FixedVectorDecoder,
    InputFeedingDecoder,
    LanguageDecoder,
    MultiplicativeDecoder,
)
from seqloom.models.rnn_encoder import RecurrentEncoder
from seqloom.models.sliding_window import WindowedModel
from seqloom.models.transformer_decoder import TransformerDecoder
from seqloom.models.transformer_encoder import TransformerEncoder
from seqloom.models.variational_dropout import VariationalDecoder, VariationalEncoder
from seqloom.recipe.model_rules import positions_of
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

if TYPE_CHECKING:
    from seqloom.recipe.schema import ModelSection


RECURRENT_DECODERS: dict[str, type[FixedVectorDecoder | AdditiveDecoder | MultiplicativeDecoder]] = {
    "none": FixedVectorDecoder,
    "additive": AdditiveDecoder,
    "multiplicative": MultiplicativeDecoder,
}


def build_encoder(section: "ModelSection", width: int) -> Encoder:
    """Return a new encoder of embeddings of `width`."""
    match section.encoder:
        case "none":
            return NoEncoder()
        case "transformer":
            shape = _transformer_shape(section, section.encoder_width)
            return TransformerEncoder(
                shape, width, section.encoder_layers, positions_of(section), section.max_positions
            )
        case "cnn":
            return ConvolutionalEncoder(
                width,
                section.encoder_width,
                section.encoder_layers,
                section.kernel_size,
                positions_of(section),
                section.max_positions,
                section.dropout,
            )
    encoder = RecurrentEncoder(
        section.encoder,
        width,
        section.encoder_width,
        section.encoder_layers,
        section.bidirectional,
        _recurrent_dropout(section),
        section.reverse_source,
    )
    return VariationalEncoder(encoder, section.dropout) if section.variational_dropout else encoder


def build_decoder(section: "ModelSection", width: int, memory_width: int) -> Decoder:
    """Return a new decoder of embeddings of `width` with memory of `memory_width`."""
    match section.decoder:
        case "classifier":
            return Classifier(width, memory_width, section.pooling, section.dropout)
        case "transformer":
            shape = _transformer_shape(section, section.decoder_width)
            return TransformerDecoder(
                shape, width, section.decoder_layers, memory_width, positions_of(section), section.max_positions
            )
        case "cnn":
            return ConvolutionalDecoder(
                width,
                section.decoder_width,
                section.decoder_layers,
                section.kernel_size,
                memory_width,
                positions_of(section),
                section.max_positions,
                section.dropout,
            )
    decoder = _recurrent_decoder(section, width, memory_width)
    return VariationalDecoder(decoder, section.dropout) if section.variational_dropout else decoder


def _recurrent_decoder(section: "ModelSection", width: int, memory_width: int) -> Decoder:
    kind, decoder_width, layers = section.decoder, section.decoder_width, section.decoder_layers
    dropout = _recurrent_dropout(section)
    if section.encoder == "none":
        return LanguageDecoder(kind, width, decoder_width, layers, dropout)
    if section.copy_attention and section.attention == "additive":
        return CoverageDecoder(kind, width, decoder_width, layers, memory_width, dropout, section.coverage > 0)
    decoder = InputFeedingDecoder if section.input_feeding else RECURRENT_DECODERS[section.attention]
    return decoder(kind, width, decoder_width, layers, memory_width, dropout)


def _recurrent_dropout(section: "ModelSection") -> float:
    """Return the dropout rate within recurrent layers: 0 where variational dropout masks their matrices instead."""
    return 0.0 if section.variational_dropout else section.dropout


def _transformer_shape(section: "ModelSection", width: int) -> Shape:
    return Shape(
        width=width,
        heads=section.heads,
        feedforward_width=section.feedforward_width,
        dropout=section.dropout,
        norm_first=section.norm == "pre",
        rotary=positions_of(section) == "rotary",
    )


WEIGHTS_FILE = "weights.safetensors"
SIZES_FILE = "sizes.json"
MOST, MOST_LAYERS = 1 << 32, 1000  # of any size in a recipe


@dataclass(frozen=True)
class Sizes:
    """Sizes that a model takes from the stages before training."""

    source: int  # tokens in the source vocabulary
    target: int  # tokens in the target vocabulary
    width: int  # numbers per embedding
    shared: bool  # one vocabulary, so one embedding
    runs: int = 0  # n-grams of the linear part of a classifier
    frames: int = 0  # features of a frame that stands in front of the source
    window: int = 0  # tokens of a block of running text, which a decoder with positions is trained on


def build_model(section: "ModelSection", sizes: Sizes, objective: str = "sequence") -> EncoderDecoder:
    """Return a model with new weights drawn from torch's random state."""
    if objective == "masked":
        return _mlm_model(section, sizes)
    target_embedding = new_embedding(sizes.target, sizes.width)
    one = sizes.shared or section.encoder == "none"  # without an encoder the source is read as the target is
    source_embedding = target_embedding if one else new_embedding(sizes.source, sizes.width)
    encoder = build_encoder(section, sizes.width)
    decoder = build_decoder(section, sizes.width, encoder.memory_width)
    output = nn.Linear(sizes.width, sizes.target)
    nn.init.zeros_(output.bias)
    if section.tie_embeddings:
        output.weight = target_embedding.weight  # Press and Wolf 2017
    if section.copy_attention:
        assert isinstance(decoder, AttentiveDecoder)
        return PointerGenerator(source_embedding, target_embedding, encoder, decoder, output, section.coverage)
    plain = EncoderDecoder(source_embedding, target_embedding, encoder, decoder, output)
    if sizes.frames:
        plain.frame_projection = FrameProjection(sizes.frames, sizes.width)
    if sizes.window:
        return WindowedModel(plain, sizes.window)
    if section.ngram_order:
        return WideClassifier(plain, NgramLinear(sizes.runs, sizes.target - len(SPECIAL_TOKENS), section.ngram_order))
    return plain


def _mlm_model(section: "ModelSection", sizes: Sizes) -> EncoderDecoder:
    """Return the encoder with a masked-language-model head."""
    embedding = new_embedding(sizes.source, sizes.width)
    encoder = build_encoder(section, sizes.width)
    decoder = MaskedLMHead(sizes.width, encoder.memory_width, section.dropout)
    output = nn.Linear(sizes.width, sizes.source)
    nn.init.zeros_(output.bias)
    output.weight = embedding.weight
    return EncoderDecoder(embedding, embedding, encoder, decoder, output)


def save_checkpoint(model: EncoderDecoder, sizes: Sizes, folder: Path) -> None:
    """Write weights and sizes to `folder`, where `read_checkpoint` expects the recipe, too."""
    save_model(model, str(folder / WEIGHTS_FILE))
    (folder / SIZES_FILE).write_text(json.dumps(asdict(sizes)), encoding="utf-8")


def read_checkpoint(section: "ModelSection", folder: Path, objective: str = "sequence") -> EncoderDecoder:
    """Return the model with the weights in `folder`, in evaluation mode on the CPU.

    Raises:
        UserError: its files are damaged, or do not belong together.
    """
    with damage_reported(folder):
        model = build_for(folder / WEIGHTS_FILE, section, read_sizes(folder), objective)
        load_weights(model, load_file(folder / WEIGHTS_FILE))
    return model.eval()


def read_sizes(folder: Path) -> Sizes:
    """Read the sizes that `save_checkpoint` wrote."""
    return Sizes(**json.loads((folder / SIZES_FILE).read_text(encoding="utf-8")))


def build_for(weights: Path, section: "ModelSection", sizes: Sizes, objective: str) -> EncoderDecoder:
    """Return a new model for these weights, if it has no more numbers than the file.

    Damaged sizes could otherwise allocate any amount of memory.

    Raises:
        UserError: it has more.
    """
    for name, value in {**vars(section), **asdict(sizes)}.items():
        if isinstance(value, int) and not 0 <= value <= (MOST_LAYERS if name.endswith("layers") else MOST):
            raise UserError(f"{weights.parent}: {name} {value} is no size of a model: its files are damaged")
    with torch.device("meta"):  # shapes without memory
        described = sum(weight.numel() for weight in build_model(section, sizes, objective).parameters())
    with safe_open(weights, framework="np") as stored:
        held = sum(math.prod(stored.get_slice(name).get_shape()) for name in stored.keys())  # noqa: SIM118 no mapping
    if described > held:
        raise UserError(
            f"{weights.parent}: {SIZES_FILE} and the recipe describe {described:,} weights, and {weights.name} holds "
            f"{held:,}: they do not belong together"
        )
    return build_model(section, sizes, objective)
