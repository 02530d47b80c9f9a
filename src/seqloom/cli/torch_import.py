"""A shorter import of PyTorch for a command that answers texts and ends.

Of the second that PyTorch takes to import, a quarter goes into Python kernels of its meta device, which compute shapes
alone and which no answer uses, and a tenth into garbage collections of objects that all stay (docs/notes/speed.md).
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

META_KERNELS = "torch._meta_registrations"


@contextmanager
def brief_torch_import() -> Iterator[None]:
    """Leave these kernels out where the block imports PyTorch.

    Whoever compiles or exports a model in the same process imports `META_KERNELS` first; nothing here does.
    """
    if "torch" in sys.modules:
        yield
        return
    placeholder = sys.modules[META_KERNELS] = ModuleType(META_KERNELS)
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()
        if sys.modules.get(META_KERNELS) is placeholder:
            del sys.modules[META_KERNELS]
        if torch := sys.modules.get("torch"):
            vars(torch).pop(META_KERNELS.rpartition(".")[2], None)
