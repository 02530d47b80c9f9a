"""A recipe's model section to a model, and a model to and from its files."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_model, save_model
from torch import nn

from seqloom.artifact.damage import read_whole
from seqloom.mistake import UserMistake
from seqloom.models.choosing import build_decoder, build_encoder
from seqloom.models.contract import AttentiveDecoder
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.linear_part import LinearPart
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.models.reading_decoder import ReadingDecoder
from seqloom.models.wide_classifier import WideClassifier
from seqloom.models.windowed_model import WindowedModel
from seqloom.vocabulary.special import PADDING, SPECIAL_TOKENS

if TYPE_CHECKING:
    from seqloom.recipe.schema import Model

WEIGHTS_FILE = "weights.safetensors"
SIZES_FILE = "sizes.json"
MOST, MOST_LAYERS = 1 << 32, 1000  # of any figure that a size follows from


@dataclass(frozen=True)
class Sizes:
    """What a model takes from the stages before it."""

    source: int  # tokens in the source vocabulary
    target: int  # tokens in the target vocabulary
    width: int  # numbers per embedding
    shared: bool  # one vocabulary, so one embedding
    runs: int = 0  # that a linear part beside a classifier knows
    window: int = 0  # tokens of a row of running text, for a decoder that knows no place behind it


def build_model(section: "Model", sizes: Sizes, objective: str = "sequence") -> EncoderDecoder:
    """A model with fresh weights from torch's random state."""
    if objective == "masked":
        return _reading_model(section, sizes)
    target_embedding = _embedding(sizes.target, sizes.width)
    one = sizes.shared or section.encoder == "none"  # without an encoder the source is read as the target is
    source_embedding = target_embedding if one else _embedding(sizes.source, sizes.width)
    encoder = build_encoder(section, sizes.width)
    decoder = build_decoder(section, sizes.width, encoder.memory_width)
    output = nn.Linear(sizes.width, sizes.target)
    nn.init.zeros_(output.bias)
    if section.tied:
        output.weight = target_embedding.weight  # Press and Wolf 2017
    if section.copying:
        assert isinstance(decoder, AttentiveDecoder)
        return PointerGenerator(source_embedding, target_embedding, encoder, decoder, output, section.coverage)
    plain = EncoderDecoder(source_embedding, target_embedding, encoder, decoder, output)
    if sizes.window:
        return WindowedModel(plain, sizes.window)
    if section.linear_runs:
        return WideClassifier(plain, LinearPart(sizes.runs, sizes.target - len(SPECIAL_TOKENS), section.linear_runs))
    return plain


def _reading_model(section: "Model", sizes: Sizes) -> EncoderDecoder:
    """The encoder with a head that tells source tokens."""
    embedding = _embedding(sizes.source, sizes.width)
    encoder = build_encoder(section, sizes.width)
    decoder = ReadingDecoder(sizes.width, encoder.memory_width, section.dropout)
    output = nn.Linear(sizes.width, sizes.source)
    nn.init.zeros_(output.bias)
    output.weight = embedding.weight
    return EncoderDecoder(embedding, embedding, encoder, decoder, output)


def set_vectors(embedding: nn.Embedding, vectors: NDArray[np.float32], frozen: bool) -> None:
    """Start `embedding` from `(V, E)` vectors, less what all have in common, with the spread of fresh weights.

    Vectors of a small corpus point one way: without their mean taken off, its words would start as one word. Padding
    stays zero. Mu and Viswanath, 2018, https://arxiv.org/abs/1702.01417
    """
    assert vectors.shape == tuple(embedding.weight.shape), (vectors.shape, embedding.weight.shape)
    words = np.arange(len(vectors)) != PADDING
    centred = vectors - vectors[words].mean(axis=0)
    centred[PADDING] = 0
    spread = float(centred[words].std()) or 1.0
    with torch.no_grad():
        embedding.weight.copy_(torch.from_numpy(centred / spread * embedding.embedding_dim**-0.5))
    embedding.weight.requires_grad_(not frozen)


def save_checkpoint(model: EncoderDecoder, sizes: Sizes, folder: Path) -> None:
    """Write weights and sizes; `read_checkpoint` needs these and the recipe beside them."""
    save_model(model, str(folder / WEIGHTS_FILE))
    (folder / SIZES_FILE).write_text(json.dumps(asdict(sizes)), encoding="utf-8")


def read_checkpoint(section: "Model", folder: Path, objective: str = "sequence") -> EncoderDecoder:
    """The model whose weights lie in `folder`, ready for inference on the CPU.

    Raises:
        UserMistake: its files are damaged, or do not belong together.
    """
    with read_whole(folder):
        model = build_for(folder / WEIGHTS_FILE, section, read_sizes(folder), objective)
        load_model(model, str(folder / WEIGHTS_FILE))
    return model.eval()


def read_sizes(folder: Path) -> Sizes:
    """What `save_checkpoint` wrote."""
    return Sizes(**json.loads((folder / SIZES_FILE).read_text(encoding="utf-8")))


def build_for(weights: Path, section: "Model", sizes: Sizes, objective: str) -> EncoderDecoder:
    """A model to put these weights into, made only if it has no more numbers than the file.

    Sizes that are no longer those of the weights would ask for whatever memory they say.

    Raises:
        UserMistake: it has more.
    """
    for name, figure in {**vars(section), **asdict(sizes)}.items():
        if isinstance(figure, int) and not 0 <= figure <= (MOST_LAYERS if name.endswith("layers") else MOST):
            raise UserMistake(f"{weights.parent}: {name} {figure} is no size of a model: its files are damaged")
    with torch.device("meta"):  # shapes without memory
        described = sum(weight.numel() for weight in build_model(section, sizes, objective).parameters())
    with safe_open(weights, framework="np") as stored:
        held = sum(math.prod(stored.get_slice(name).get_shape()) for name in stored.keys())  # noqa: SIM118 no mapping
    if described > held:
        raise UserMistake(
            f"{weights.parent}: {SIZES_FILE} and the recipe describe {described:,} weights, and {weights.name} holds "
            f"{held:,}: they do not belong together"
        )
    return build_model(section, sizes, objective)


def _embedding(tokens: int, width: int) -> nn.Embedding:
    if torch.get_default_device().type == "meta":  # where to draw would load torch's compiler, a second or two
        return nn.Embedding(tokens, width, padding_idx=PADDING, _weight=torch.empty(tokens, width))
    embedding = nn.Embedding(tokens, width, padding_idx=PADDING)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    with torch.no_grad():
        embedding.weight[PADDING].zero_()
    return embedding
