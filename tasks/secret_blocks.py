"""Prefect's Secret blocks as a place of the secrets that a recipe names."""

import os
from typing import Any


def secret_of_block(name: str) -> str | None:
    """What the block `name` keeps on the server of `PREFECT_API_URL`; None without a server or such a block."""
    if not os.environ.get("PREFECT_API_URL"):
        return None
    from prefect.blocks.system import Secret  # seconds, and few recipes name one

    try:
        load: Any = Secret.load  # its types know no `_sync`
        block = load(name.lower().replace("_", "-"), _sync=True)  # as names of blocks are written
    except ValueError:  # there is none
        return None
    return str(block.get())
