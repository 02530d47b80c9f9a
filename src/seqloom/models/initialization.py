"""Initialization of weights: embeddings, linear layers, recurrent cells, convolutions and Transformers.

D width, E embedding width, V vocabulary.
"""

import math

import torch
from torch import Tensor, nn

from seqloom.vocabulary.special_tokens import PADDING


def normal_(weight: Tensor, std: float) -> Tensor:
    """Fill a weight with normally distributed numbers, unless it is on the meta device.

    There it has no numbers, and to draw them would load torch's compiler, a second or two.
    """
    return weight if weight.is_meta else nn.init.normal_(weight, std=std)


def new_embedding(tokens: int, width: int) -> nn.Embedding:
    """Return an embedding `(V, E)` of normal vectors with a norm of about one; padding is zero."""
    if torch.get_default_device().type == "meta":  # where to draw would load torch's compiler, a second or two
        return nn.Embedding(tokens, width, padding_idx=PADDING, _weight=torch.empty(tokens, width))
    embedding = nn.Embedding(tokens, width, padding_idx=PADDING)
    nn.init.normal_(embedding.weight, std=width**-0.5)
    with torch.no_grad():
        embedding.weight[PADDING].zero_()
    return embedding


def new_linear(inputs: int, outputs: int) -> nn.Linear:
    """Return a linear layer whose outputs have the variance of its inputs."""
    layer = nn.Linear(inputs, outputs)
    normal_(layer.weight, inputs**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


def initialize_gated(layer: nn.Linear, dropout: float) -> None:
    """Initialize the layer below a gated linear unit, so that outputs vary as much as its inputs.

    Dropout raises the variance and the gate lowers it. Gehring et al. 2017, section 3.5, have 4 for inputs near zero,
    whose gates are all a half; for inputs with a spread of one it is 3.
    """
    normal_(layer.weight, math.sqrt(3.0 * (1.0 - dropout) / layer.in_features))
    nn.init.zeros_(layer.bias)


def initialize_transformer(stack: nn.Module) -> None:
    """Initialize linear layers by Glorot and Bengio 2010 (uniform), biases by zero, as the original."""
    for module in stack.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)


def initialize_recurrent(cells: nn.Module, kind: str, width: int, recurrent: tuple[str, ...]) -> None:
    """Initialize the gates of `cells`; names of their recurrent weights and biases begin with one of `recurrent`.

    Orthogonal recurrences keep gradients alive; an LSTM's forget gate begins open (Jozefowicz et al. 2015).
    """
    for name, parameter in cells.named_parameters():
        is_recurrent = name.startswith(recurrent)
        if parameter.dim() == 1:
            nn.init.zeros_(parameter)
            if kind == "lstm" and not is_recurrent:
                parameter.data[width : 2 * width].fill_(1.0)
        elif is_recurrent:
            for block in parameter.data.view(-1, width, width):
                nn.init.orthogonal_(block)
        else:
            nn.init.xavier_uniform_(parameter)
