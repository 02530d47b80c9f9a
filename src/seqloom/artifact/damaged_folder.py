"""Error reporting for damaged model folders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqloom.errors import UserError


@contextmanager
def damage_reported(folder: Path) -> Iterator[None]:
    """Report any exception while a model's files are read as damage of the folder.

    Malformed JSON raises an AttributeError, a truncated weights file an error of safetensors, wrong sizes one of torch:
    the sentence names the folder instead.

    Raises:
        UserError: the body raised anything.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(f"{folder} is damaged, or no model: {reason}; fetch, export or train it again") from error
