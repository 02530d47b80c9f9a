"""Exceptions for mistakes in the user's input and for servers that do not answer."""

from seqloom.url_mask import masked

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


def showable(text: str) -> str:
    """Return the text without characters that terminals, logs and servers cannot take.

    Halves of surrogate pairs come of JSON (`"\\ud800"`) and of names of files that are not UTF-8 and cannot be encoded;
    control characters would move a reader's cursor. Both are written as Python escapes them.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8").translate(_CONTROL)


class UserError(ValueError):
    """A mistake in the user's files, recipe or request.

    The message is one sentence that names the file and line, or the field, and the remedy; the command line
    prints it alone and exits with 2, and Prefect never retries it. Secrets of the URLs in it are masked.
    """

    def __init__(self, *parts: object) -> None:
        super().__init__(*(showable(masked(part)) if isinstance(part, str) else part for part in parts))


def is_transient(status: int) -> bool:
    """Return whether an HTTP status says that the same request may succeed later: a server's fault, or too many."""
    return status >= 500 or status in (408, 429)


class Unreachable(UserError):
    """A server does not answer: reported like a mistake, but a scheduled run tries again."""


class StackFailure(Exception):
    """A server or worker of ours that does not start or has ended; the message is one sentence that names its log."""
