"""Dynamic 8-bit quantization of a PyTorch checkpoint, with one scale for each row of a weight matrix and of the inputs.

torch's `quantize_dynamic` and its quantized tensors are deprecated; this is the same arithmetic on plain tensors (Jacob
et al. 2018, https://arxiv.org/abs/1712.05877, symmetric). Inputs are scaled row by row, so an answer does not depend on
the rest of its batch.

N rows, I inputs, O outputs.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from seqloom.errors import UserError
from seqloom.models.earlier_weights import load_weights
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import SIZES_FILE, WEIGHTS_FILE, build_for, read_sizes
from seqloom.recipe.recipe_json import read_recipe

LARGEST = 127  # of symmetric 8-bit integers
SCALE = ".scale"  # suffix: the scales of the matrix of that name
MIN_NUMBERS = 1 << 14  # of a matrix: smaller ones stay float32


def quantize(checkpoint: Path, folder: Path) -> None:
    """Write the weights and sizes of `checkpoint` to `folder`, the large matrices in 8 bits.

    Raises:
        UserError: no matrix is large enough.
    """
    stored: dict[str, Tensor] = {}
    for name, weight in load_file(checkpoint / WEIGHTS_FILE).items():
        if weight.dim() > 1 and weight.numel() >= MIN_NUMBERS:
            rows, stored[name + SCALE] = to_int8(weight.flatten(1))
            stored[name] = rows.view_as(weight)
        else:
            stored[name] = weight
    if not any(name.endswith(SCALE) for name in stored):
        raise UserError(f"{checkpoint}: no matrix of this model has {MIN_NUMBERS:,} numbers: 8 bits would gain nothing")
    save_file(stored, folder / WEIGHTS_FILE)
    (folder / SIZES_FILE).write_bytes((checkpoint / SIZES_FILE).read_bytes())


def read_int8(folder: Path) -> EncoderDecoder:
    """Read the model in `folder`: linear layers stay 8-bit; embeddings and what torch fuses become float32."""
    stored = load_file(folder / WEIGHTS_FILE)
    scales = {name.removesuffix(SCALE): stored.pop(name) for name in list(stored) if name.endswith(SCALE)}
    for name, scale in scales.items():
        stored[name] = (stored[name].flatten(1).float() * scale).view_as(stored[name])
    recipe = read_recipe(folder)
    model = build_for(folder / WEIGHTS_FILE, recipe.model, read_sizes(folder), recipe.training.objective)
    load_weights(model, stored)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and module.weight.numel() >= MIN_NUMBERS:
            owner, _, own_name = name.rpartition(".")
            setattr(model.get_submodule(owner), own_name, Int8Linear(module))
    return model.eval()


def to_int8(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Quantize rows `(N, I)`; return integers from -127 to 127, and the scale of each row, `(N, 1)`."""
    scale = rows.abs().amax(dim=1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny) / LARGEST
    return torch.round(rows / scale).to(torch.int8), scale


class Int8Linear(nn.Module):
    """A linear layer for inference, with an 8-bit weight matrix; inputs are quantized on the fly."""

    matrix: Tensor  # (I, O)
    scale: Tensor  # (O,)
    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        matrix, scale = to_int8(linear.weight.detach())
        # strides (O, 1) even if a width is 1: torch reads past the end of a matrix with other strides
        self.register_buffer("matrix", matrix.t().flatten().view(self.in_features, self.out_features))
        self.register_buffer("scale", scale.squeeze(1))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs `(…, I)` to outputs `(…, O)`."""
        rows, scale = to_int8(inputs.reshape(-1, self.in_features))
        outputs = torch._int_mm(rows, self.matrix) * scale * self.scale
        if self.bias is not None:
            outputs = outputs + self.bias
        return outputs.view(*inputs.shape[:-1], self.out_features)
