"""Modules of a user's own, of names that Seqloom imports: each says so when it is imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("flows/__init__", "tasks", "recipes/__init__", "seqloom", "torch", "prefect", "mlflow", "numpy", "pydantic")
KEPT = "for something else"


@contextmanager
def modules_of_a_user(folder: Path) -> Iterator[None]:
    """The modules lie in `folder` meanwhile."""
    files = [folder / f"{name}.py" for name in NAMES]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"raise ImportError('the user keeps {file.stem} {KEPT}')\n", encoding="utf-8")
    try:
        yield
    finally:
        for file in files:
            file.unlink()
            if file.parent != folder:
                file.parent.rmdir()
