"""The Transformer against torch's own layers with the same weights."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from seqloom.models import multi_head_attention
from seqloom.models.decoder_only import NoEncoder
from seqloom.models.encoder_memory import Memory
from seqloom.models.key_value_cache import TransformerState
from seqloom.models.multi_head_attention import (
    CrossAttention,
    SelfAttention,
    Shape,
    attend,
    scaled_dot_product_attention,
)
from seqloom.models.positional_encoding import rotate, sinusoids
from seqloom.models.transformer_decoder import TransformerDecoder
from seqloom.models.transformer_encoder import TransformerEncoder
from seqloom.models.transformer_layer import FeedForward

E, D, HEADS, F, C = 6, 12, 3, 20, 5
LENGTHS = torch.tensor([4, 7])
MASK = torch.arange(7) < LENGTHS.unsqueeze(1)  # (B, S)


def shape(norm_first: bool, rotary: bool = False) -> Shape:
    return Shape(D, HEADS, F, 0.0, norm_first, rotary)


def spread(module: nn.Module) -> None:
    """Biases are zero and norms one at first, and a test would not see them."""
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() == 1:
                parameter.normal_(mean=0.5)


def set_pairs(*pairs: tuple[nn.Module, nn.Module]) -> None:
    """Copy weight and bias from the second to the first of each pair."""
    for theirs, ours in pairs:
        theirs.load_state_dict(ours.state_dict())


def set_self_attention(theirs: nn.MultiheadAttention, ours: SelfAttention) -> None:
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.qkv_proj.weight)
        theirs.in_proj_bias.copy_(ours.qkv_proj.bias)
    set_pairs((theirs.out_proj, ours.out_proj))


def set_cross_attention(theirs: nn.MultiheadAttention, ours: CrossAttention, keys_values: Tensor, bias: Tensor) -> None:
    """Our keys and values come straight from memory of width C; theirs take memory of width C by `kdim` and `vdim`."""
    with torch.no_grad():
        theirs.q_proj_weight.copy_(ours.q_proj.weight)
        theirs.k_proj_weight.copy_(keys_values[:D])
        theirs.v_proj_weight.copy_(keys_values[D:])
        theirs.in_proj_bias.copy_(torch.cat([ours.q_proj.bias, bias]))
    set_pairs((theirs.out_proj, ours.out_proj))


def set_feedforward(theirs: nn.Module, ours: FeedForward) -> None:
    set_pairs((theirs.linear1, ours.fc1), (theirs.linear2, ours.fc2))


@pytest.mark.parametrize("length", [1, 5, 16, 19])
@pytest.mark.parametrize("hidden", ["nothing", "padding", "what follows"])
def test_products_are_torchs_kernel(length: int, hidden: str) -> None:
    torch.manual_seed(0)
    inputs = [torch.randn(2, HEADS, length, D // HEADS, requires_grad=True) for _ in range(3)]
    mask = torch.rand(2, 1, 1, length) > 0.3 if hidden == "padding" else None
    if mask is not None:
        mask[..., 0] = True  # nobody sees nothing
    causal = hidden == "what follows"
    kernel = nn.functional.scaled_dot_product_attention(*inputs, attn_mask=mask, is_causal=causal)
    ours = scaled_dot_product_attention(*inputs, mask, causal)
    upstream = torch.randn_like(kernel)
    torch.testing.assert_close(ours, kernel)
    for found, expected in zip(
        torch.autograd.grad(ours, inputs, upstream), torch.autograd.grad(kernel, inputs, upstream), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_bfloat16_on_a_cpu_however_many_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    exact = [torch.randn(2, HEADS, 9, D // HEADS) for _ in range(3)]
    rounded = [x.bfloat16() for x in exact]
    expected = attend(*exact, None, causal=True)
    few = attend(*rounded, None, causal=True)
    monkeypatch.setattr(multi_head_attention, "MOST_SCORES", 0)
    many = attend(*rounded, None, causal=True)
    for found in (few, many):
        torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_encoder_is_torchs(norm_first: bool) -> None:
    torch.manual_seed(0)
    encoder = TransformerEncoder(shape(norm_first), E, 2, "sinusoidal", 20)
    spread(encoder)
    embedded = torch.randn(2, 7, E)
    memory = encoder(embedded, MASK)

    states = nn.functional.linear(
        embedded * E**0.5, encoder.input_embedding.projection.weight, encoder.input_embedding.projection.bias
    )
    states = states + sinusoids(7, D)
    for ours in encoder.layers:
        theirs = nn.TransformerEncoderLayer(D, HEADS, F, 0.0, norm_first=norm_first, batch_first=True)
        set_self_attention(theirs.self_attn, ours.self_attention)
        set_feedforward(theirs, ours.feedforward)
        set_pairs((theirs.norm1, ours.self_attention_residual.norm), (theirs.norm2, ours.feedforward_residual.norm))
        states = theirs(states, src_key_padding_mask=~MASK)
    states = encoder.norm(states)
    torch.testing.assert_close(memory.states[MASK], states[MASK], atol=1e-5, rtol=1e-4)
    means = torch.stack([row[:length].mean(dim=0) for row, length in zip(states, LENGTHS.tolist(), strict=True)])
    torch.testing.assert_close(memory.summary, means, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("norm_first", [True, False])
def test_the_decoder_is_torchs(norm_first: bool) -> None:
    torch.manual_seed(0)
    decoder = TransformerDecoder(shape(norm_first), E, 2, C, "sinusoidal", 20)
    spread(decoder)
    memory = decoder.prepare(Memory(torch.randn(2, 7, C), MASK, torch.randn(2, C)))
    embedded = torch.randn(2, 5, E)
    features, _ = decoder.run(embedded, decoder.start(memory), memory)

    states = nn.functional.linear(
        embedded * E**0.5, decoder.input_embedding.projection.weight, decoder.input_embedding.projection.bias
    )
    states = states + sinusoids(5, D)
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    projections = zip(decoder.kv_proj.weight.chunk(2), decoder.kv_proj.bias.chunk(2), strict=True)
    for ours, (weight, bias) in zip(decoder.layers, projections, strict=True):
        theirs = nn.TransformerDecoderLayer(D, HEADS, F, 0.0, norm_first=norm_first, batch_first=True)
        theirs.multihead_attn = nn.MultiheadAttention(D, HEADS, kdim=C, vdim=C, batch_first=True)
        set_self_attention(theirs.self_attn, ours.self_attention)
        set_cross_attention(theirs.multihead_attn, ours.cross_attention, weight, bias)
        set_feedforward(theirs, ours.feedforward)
        norms = (ours.self_attention_residual.norm, ours.cross_attention_residual.norm, ours.feedforward_residual.norm)
        set_pairs(*zip((theirs.norm1, theirs.norm2, theirs.norm3), norms, strict=True))
        states = theirs(states, memory.states, tgt_mask=causal, memory_key_padding_mask=~MASK)
    expected = nn.functional.linear(decoder.norm(states), decoder.out_proj.weight, decoder.out_proj.bias)
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("norm_first", [True, False])
def test_without_an_encoder_it_is_torchs_encoder_looking_back(norm_first: bool) -> None:
    """GPT's shape: self-attention that sees no future, feed-forward, and nothing else."""
    torch.manual_seed(0)
    decoder = TransformerDecoder(shape(norm_first), E, 2, 0, "sinusoidal", 20)
    spread(decoder)
    memory = decoder.prepare(NoEncoder()(torch.randn(2, 7, E), MASK))
    embedded = torch.randn(2, 5, E)
    features, _ = decoder.run(embedded, decoder.start(memory), memory)

    states = nn.functional.linear(
        embedded * E**0.5, decoder.input_embedding.projection.weight, decoder.input_embedding.projection.bias
    )
    states = states + sinusoids(5, D)
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    for ours in decoder.layers:
        theirs = nn.TransformerEncoderLayer(D, HEADS, F, 0.0, norm_first=norm_first, batch_first=True)
        set_self_attention(theirs.self_attn, ours.self_attention)
        set_feedforward(theirs, ours.feedforward)
        set_pairs((theirs.norm1, ours.self_attention_residual.norm), (theirs.norm2, ours.feedforward_residual.norm))
        states = theirs(states, src_mask=causal, is_causal=True)
    expected = nn.functional.linear(decoder.norm(states), decoder.out_proj.weight, decoder.out_proj.bias)
    torch.testing.assert_close(features, expected, atol=1e-5, rtol=1e-4)


def test_rotary_by_complex_numbers() -> None:
    """Su et al. 2021: a pair of numbers at place m is a complex number times e to the i m θ."""
    torch.manual_seed(0)
    heads = torch.randn(2, 3, 5, 8)  # (B, H, T, K)
    pairs = torch.complex(heads[..., :4], heads[..., 4:])
    frequencies = 10_000.0 ** (-torch.arange(4) / 4)
    places = torch.arange(2, 7).unsqueeze(1)
    turned = pairs * torch.polar(torch.ones(5, 4), places * frequencies)
    torch.testing.assert_close(rotate(heads, torch.arange(2, 7)), torch.cat([turned.real, turned.imag], dim=3))


def test_rotated_products_know_distances_alone() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    near = (rotate(query, torch.tensor([7])) * rotate(key, torch.tensor([4]))).sum()
    far = (rotate(query, torch.tensor([107])) * rotate(key, torch.tensor([104]))).sum()
    torch.testing.assert_close(near, far, atol=1e-4, rtol=1e-4)


def test_sinusoids_by_the_formula() -> None:
    """Columns 2i and 2i + 1 of place p: sin and cos of p / 10000^(2i / D)."""
    table = sinusoids(30, D)
    for place in (0, 1, 29):
        for i in range(D // 2):
            angle = torch.tensor(place / 10_000 ** (2 * i / D))
            torch.testing.assert_close(table[place, 2 * i], angle.sin(), atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(table[place, 2 * i + 1], angle.cos(), atol=1e-5, rtol=1e-4)


class Largest(TorchDispatchMode):
    """The largest tensor that was made."""

    numbers = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        made = function(*arguments, **(named or {}))
        if isinstance(made, Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


@pytest.mark.parametrize("length", [1, 2, 50])
def test_a_run_without_tokens_before_makes_no_mask(length: int) -> None:
    """Training needs none, and T x T numbers an update are many."""
    with Largest() as largest:
        new, _ = TransformerState((), 0).read(length, 3, torch.device("cpu"))
    assert new.causal == (length > 1)
    assert new.mask is None
    assert largest.numbers == length
