"""Whether Prefect's server is one of ours, which lives as long as this process, or one of the user's."""

import os

EMBEDDED = "SEQLOOM_PREFECT_IS_EMBEDDED"  # set by the process that starts the server, for itself and its children


def prefect_is_embedded() -> bool:
    """Whether nobody can look at the server after this process has ended."""
    return bool(os.environ.get(EMBEDDED))
