"""Conversion of a Transformer checkpoint to a CTranslate2 model (https://opennmt.net/CTranslate2).

D feature width.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqloom.decoding.backends import ctranslate2, position_table_size
from seqloom.decoding.generator import Generator
from seqloom.errors import UserError
from seqloom.models.positional_encoding import LearnedPositions, SinusoidalPositions, sinusoids
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.recipe_rules import ctranslate2_obstacles
from seqloom.vocabulary.special_tokens import END, SPECIAL_TOKENS, START, UNKNOWN, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary


def write_ctranslate2(checkpoint: Path, folder: Path, quantization: str | None) -> None:
    """Write the model of `checkpoint` to `folder`; without a quantization its weights stay float32.

    Raises:
        UserError: CTranslate2 cannot run the model.
    """
    recipe = read_recipe(checkpoint)
    for reason in ctranslate2_obstacles(recipe):
        raise UserError(f"CTranslate2 cannot run this model: {reason}")
    specs = ctranslate2().specs
    model, section = Generator.load(checkpoint).model, recipe.model
    fixed: dict[str, Any] = {"pre_norm": section.norm == "pre"}
    if section.positions == "rotary":
        fixed |= {"rotary_dim": 0, "rotary_interleave": False}
    spec = specs.TransformerSpec(
        specs.TransformerEncoderSpec(section.encoder_layers, section.heads, **fixed),
        specs.TransformerDecoderSpec(section.decoder_layers, section.heads, **fixed),
    )
    _fill_encoder(spec.encoder, model, position_table_size(recipe))
    _fill_decoder(spec.decoder, model, position_table_size(recipe))
    for name, register in zip(
        VOCABULARY_FILES, (spec.register_source_vocabulary, spec.register_target_vocabulary), strict=True
    ):
        register(Vocabulary.load(checkpoint / name).tokens)
    config = spec.config
    config.bos_token, config.eos_token, config.unk_token = (SPECIAL_TOKENS[id] for id in (START, END, UNKNOWN))
    config.decoder_start_token, config.add_source_eos, config.add_source_bos = SPECIAL_TOKENS[START], True, False
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))


def _fill_encoder(spec: Any, model: Any, positions: int) -> None:
    encoder = model.encoder
    spec.embeddings[0].weight = _array(model.source_embedding.weight)
    _fill_positions(spec, encoder.input_embedding.positions, positions)
    for theirs, ours in zip(spec.layer, encoder.layers, strict=True):
        _fill_attention(theirs.self_attention, ours.self_attention, ours.self_attention_residual)
        _fill_feedforward(theirs.ffn, ours)
    if isinstance(encoder.norm, nn.LayerNorm):
        _fill_norm(spec.layer_norm, encoder.norm)


def _fill_decoder(spec: Any, model: Any, positions: int) -> None:
    decoder = model.decoder
    spec.embeddings.weight = _array(model.target_embedding.weight)
    _fill_positions(spec, decoder.input_embedding.positions, positions)
    weights, biases = (x.chunk(len(decoder.layers)) for x in (decoder.kv_proj.weight, decoder.kv_proj.bias))
    for theirs, ours, weight, bias in zip(spec.layer, decoder.layers, weights, biases, strict=True):
        _fill_attention(theirs.self_attention, ours.self_attention, ours.self_attention_residual)
        _fill_norm(theirs.attention.layer_norm, ours.cross_attention_residual.norm)
        _fill_linear(theirs.attention.linear[0], ours.cross_attention.q_proj.weight, ours.cross_attention.q_proj.bias)
        _fill_linear(theirs.attention.linear[1], weight, bias)  # (2 D, D) the keys and values of this layer
        _fill_linear(
            theirs.attention.linear[2], ours.cross_attention.out_proj.weight, ours.cross_attention.out_proj.bias
        )
        _fill_feedforward(theirs.ffn, ours)
    if isinstance(decoder.norm, nn.LayerNorm):
        _fill_norm(spec.layer_norm, decoder.norm)
    _fill_linear(spec.projection, model.output.weight, model.output.bias)


def _fill_positions(spec: Any, encoding: nn.Module | None, positions: int) -> None:
    if isinstance(encoding, LearnedPositions):
        spec.position_encodings.encodings = _array(encoding.table)
    elif isinstance(encoding, SinusoidalPositions):
        spec.position_encodings.encodings = _array(sinusoids(positions, encoding.width))


def _fill_attention(spec: Any, attention: Any, around: Any) -> None:
    _fill_norm(spec.layer_norm, around.norm)
    _fill_linear(spec.linear[0], attention.qkv_proj.weight, attention.qkv_proj.bias)
    _fill_linear(spec.linear[1], attention.out_proj.weight, attention.out_proj.bias)


def _fill_feedforward(spec: Any, layer: Any) -> None:
    _fill_norm(spec.layer_norm, layer.feedforward_residual.norm)
    for theirs, ours in ((spec.linear_0, layer.feedforward.fc1), (spec.linear_1, layer.feedforward.fc2)):
        _fill_linear(theirs, ours.weight, ours.bias)


def _fill_norm(spec: Any, norm: nn.LayerNorm) -> None:
    spec.gamma, spec.beta = _array(norm.weight), _array(norm.bias)


def _fill_linear(spec: Any, weight: Tensor, bias: Tensor) -> None:
    spec.weight, spec.bias = _array(weight), _array(bias)


def _array(values: Tensor) -> Any:
    return values.detach().to(torch.float32).contiguous().numpy()
