"""Memory layout of weights for decoding.

A decoder step multiplies a few rows by every matrix. BLAS does that up to twice as fast with matrices stored input by
input as with torch's own order, output by output; for many rows both are alike (docs/notes/speed.md).
"""

import torch
from torch import nn


@torch.no_grad()
def lay_out_for_decoding(model: nn.Module) -> None:
    """Store the matrices of all linear layers input by input; one tied to an embedding gets a copy of its own."""
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            stored = layer.weight.t().contiguous().t()
            if id(layer.weight) in embeddings:
                layer.weight = nn.Parameter(stored, requires_grad=False)
            else:
                layer.weight.data = stored
