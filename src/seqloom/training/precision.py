"""The numbers that products are computed in; weights, sums and the optimizer stay in float32."""

from contextlib import AbstractContextManager

import torch


def precision_context(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """`bf16` computes matrix products in bfloat16, `auto` does so where the machine is fast at it."""
    fast = precision == "bf16" or (precision == "auto" and multiplies_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for it; without them bfloat16 is emulated, and slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
