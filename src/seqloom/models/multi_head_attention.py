"""Multi-head attention of a Transformer, to itself with a cache of keys and values, and to the encoder memory.

Vaswani et al. 2017, https://arxiv.org/abs/1706.03762.
B batch, T length of the queries, S length of the keys, D width, H heads, K width of a head.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqloom.models.few_shapes import Linear
from seqloom.models.key_value_cache import NewTokens, Past, append
from seqloom.models.positional_encoding import rotate

SHORTEST_ROW = 16  # float32 numbers in the widest register of a CPU
MOST_SCORES = 8 << 20  # held at once, for each layer, until their gradients are known


@dataclass(frozen=True)
class Shape:
    """Hyperparameters that all layers of a stack share."""

    width: int
    heads: int
    feedforward_width: int
    dropout: float
    norm_first: bool  # Xiong et al. 2020: trains without warm-up; False is the original order
    rotary: bool


def split_heads(states: Tensor, heads: int) -> Tensor:
    """Reshape `(B, T, D)` to `(B, H, T, K)`."""
    batch, length, width = states.shape
    return states.view(batch, length, heads, width // heads).transpose(1, 2)


def attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool = False) -> Tensor:
    """Compute scaled dot-product attention of `(B, H, T, K)` over `(B, H, S, K)`, heads joined again: `(B, T, D)`.

    `mask`, which must broadcast to `(B, H, T, S)`, is true where a key may be attended to; `causal` masks the keys
    after a query's own position, and then T is S.
    """
    if values.device.type != "cpu" or values.dtype != torch.bfloat16:
        mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=causal)
    elif queries.shape[:3].numel() * keys.shape[2] <= MOST_SCORES:
        mixed = scaled_dot_product_attention(queries, keys, values, mask, causal)
    else:
        with torch.autocast("cpu", enabled=False):
            mixed = F.scaled_dot_product_attention(
                queries.float(), keys.float(), values.float(), attn_mask=mask, is_causal=causal
            )
    return mixed.transpose(1, 2).flatten(2)


def scaled_dot_product_attention(
    queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, causal: bool
) -> Tensor:
    """Compute the same as torch's kernel, by two products and a softmax in float32 between them: `(B, H, T, K)`.

    On a CPU the kernel takes five times as long as this in bfloat16, and twice as long in float32
    (docs/notes/speed.md).
    """
    length, seen = queries.shape[2], keys.shape[2]
    scores = (queries @ keys.transpose(2, 3)).float() * queries.shape[3] ** -0.5  # (B, H, T, S)
    if causal:
        mask = torch.ones(length, seen, dtype=torch.bool, device=queries.device).tril()
    if mask is not None:
        scores = scores + torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, -torch.inf)
    # torch's softmax of rows shorter than a vector register goes number by number, five times as slow
    padded = F.pad(scores, (0, max(0, SHORTEST_ROW - seen)), value=-torch.inf)
    weights = padded.softmax(dim=3)[..., :seen]
    return weights.to(values.dtype) @ values


def attend_to_cache(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Compute the same for the few queries `(B, H, T, K)` of a step, heads joined again: `(B, T, D)`.

    By two products over all heads, keys `(B, H, K, S)` and values `(B, H, S, K)`; `mask`, which must broadcast to
    `(B, H, T, S)`, is added to the scores: 0, or -inf. torch's kernel takes twice as long (docs/notes/speed.md).
    """
    batch, heads, length, width = queries.shape
    scores = torch.bmm(queries.flatten(0, 1), keys.flatten(0, 1)).view(batch, heads, length, keys.shape[3])
    scaled = scores * width**-0.5 if mask is None else torch.add(mask, scores, alpha=width**-0.5)
    weights = scaled.softmax(dim=3).to(values.dtype)
    mixed = torch.bmm(weights.flatten(0, 1), values.flatten(0, 1)).view(batch, heads, length, width)
    return mixed.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.rotary = shape.rotary
        self.qkv_proj = Linear(shape.width, 3 * shape.width)
        self.out_proj = Linear(shape.width, shape.width)

    def forward(self, inputs: Tensor, mask: Tensor | None) -> Tensor:
        """Map inputs `(B, T, D)` to `(B, T, D)`, with an attention mask `(B, 1, 1, T)`."""
        positions = torch.arange(inputs.shape[1], device=inputs.device)
        queries, keys, values = self._project(inputs, positions)
        mixed: Tensor = self.out_proj(attend(queries, keys, values, mask))
        return mixed

    def run(self, inputs: Tensor, past: Past | None, new: NewTokens) -> tuple[Tensor, Past]:
        """Map inputs `(B, T, D)`, new tokens of all hypotheses, by attention to the cache and themselves."""
        queries, keys, values = self._project(inputs, new.positions)
        past, stored = append(past, keys.transpose(2, 3), values, new.entries)
        if new.causal:
            mixed = attend(queries, keys, values, None, causal=True)
        else:
            mixed = attend_to_cache(queries, *stored, new.mask)
        return self.out_proj(mixed), past

    def _project(self, inputs: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        queries, keys, values = (split_heads(x, self.heads) for x in self.qkv_proj(inputs).chunk(3, dim=2))
        if self.rotary:
            queries, keys = rotate(queries, positions), rotate(keys, positions)
        return queries, keys, values


class CrossAttention(nn.Module):
    """Multi-head cross-attention to keys and values that are computed once per source."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.q_proj = Linear(shape.width, shape.width)
        self.out_proj = Linear(shape.width, shape.width)

    def forward(self, inputs: Tensor, keys_values: Tensor, mask: Tensor) -> Tensor:
        """Map inputs `(B, T, D)`, with keys and values `(B, S, 2 D)` and mask `(B, 1, 1, S)`, to `(B, T, D)`."""
        queries = split_heads(self.q_proj(inputs), self.heads)
        keys, values = (split_heads(x, self.heads) for x in keys_values.chunk(2, dim=2))
        mixed: Tensor = self.out_proj(attend(queries, keys, values, mask))
        return mixed

    def cached(self, keys_values: Tensor) -> Past:
        """Lay out keys and values `(B, S, 2 D)` for `run`, as `(B, H, K, S)` and `(B, H, S, K)`."""
        keys, values = (split_heads(x, self.heads) for x in keys_values.chunk(2, dim=2))
        return keys.transpose(2, 3).contiguous(), values.contiguous()

    def run(self, inputs: Tensor, source: Past, mask: Tensor) -> Tensor:
        """Map the inputs of a step `(B, T, D)`, with what `cached` returned and a mask to add, to `(B, T, D)`."""
        mixed: Tensor = self.out_proj(attend_to_cache(split_heads(self.q_proj(inputs), self.heads), *source, mask))
        return mixed

    def weights(self, inputs: Tensor, keys_values: Tensor, mask: Tensor) -> Tensor:
        """Return the attention weights `(B, T, S)`, averaged over heads, of inputs `(B, T, D)`.

        Keys and values are `(B, S, 2 D)`, the mask `(B, S)`. torch's kernel does not return the weights.
        """
        queries = split_heads(self.q_proj(inputs), self.heads)
        keys = split_heads(keys_values.chunk(2, dim=2)[0], self.heads)
        scores = queries @ keys.transpose(2, 3) * queries.shape[3] ** -0.5  # (B, H, T, S)
        weights: Tensor = scores.float().masked_fill(~mask[:, None, None, :], -torch.inf).softmax(dim=3)
        return weights.mean(dim=1)
