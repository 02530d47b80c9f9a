"""The file that says how an endpoint is asked."""

from pathlib import Path

from seqloom.artifact.input_file import require_file
from seqloom.errors import UserError

PLACE = "{source}"  # of the text in a prompt


def read_prompt(file: Path, field: str) -> str:
    """Return the text of a prompt's file; `field` is what names it.

    Raises:
        UserError: it is missing, is not UTF-8, or has no place for the text.
    """
    try:
        require_file(file, f"give a text file with {PLACE} in it", f"{field}: {file}:")
        prompt = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UserError(
            f"{field}: {file} cannot be read ({error.strerror}); give a text file with {PLACE} in it"
        ) from None
    except UnicodeDecodeError:
        raise UserError(f"{field}: {file} is not UTF-8; save the prompt as UTF-8") from None
    if PLACE not in prompt:
        raise UserError(f"{field}: {file} has no {PLACE}, where the text goes: add it")
    return prompt
