"""A list of the user's own, of words or of names: a UTF-8 file with an entry a line."""

from pathlib import Path

from seqloom.artifact.input_file import require_file
from seqloom.errors import UserError

LARGEST = 10_000_000  # bytes


def read_list(location: str, field: str, entries: str) -> list[str]:
    """Return the entries with single spaces, without empty lines and those that begin with #.

    `field` of the recipe names the file, and `entries` are what it lists, for the message.

    Raises:
        UserError: the file is missing, empty, too large, not UTF-8, or cannot be read.
    """
    path, named = Path(location), f"{location}: {field}:"
    require_file(path, "correct it", named)
    if path.stat().st_size > LARGEST:
        raise UserError(f"{named} a list has {LARGEST:,} bytes at most; give a shorter one")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{named} byte {error.start:,} is not UTF-8; convert the file to UTF-8") from None
    except OSError as error:
        raise UserError(f"{named} cannot be read ({error.strerror}); correct it") from None
    found = [" ".join(line.split()) for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise UserError(f"{named} has no {entries}; write one a line")
    return found
