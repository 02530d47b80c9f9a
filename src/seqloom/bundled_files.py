"""Files that come with Seqloom: recipes, in the wheel's package or at the top of a checkout, and deployments there."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled_file(name: str) -> Path:
    """Return the path of a bundled file, such as `recipes/demo.yaml` or `prefect.yaml`."""
    packaged = _PACKAGE / name
    return packaged if packaged.is_file() else _PACKAGE.parents[1] / name
