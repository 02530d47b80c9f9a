"""Mixed precision: matrix products in bfloat16; weights, sums and the optimizer in float32."""

from contextlib import AbstractContextManager

import torch


def precision_context(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """Return the autocast context: bfloat16 for `bf16`, and for `auto` where the device is fast at it."""
    fast = precision == "bf16" or (precision == "auto" and multiplies_bfloat16(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Return True if the device has bfloat16 instructions; emulated, it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
