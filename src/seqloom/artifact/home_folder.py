"""Where a machine keeps what Seqloom makes."""

import os
from pathlib import Path


def home_folder() -> Path:
    """`SEQLOOM_HOME`, or `.seqloom` in the working directory."""
    return Path(os.environ.get("SEQLOOM_HOME") or ".seqloom").absolute()
