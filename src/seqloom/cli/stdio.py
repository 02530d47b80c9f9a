"""Standard input and output of commands: lines that come in, JSON or people's output that goes out."""

import codecs
import json
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console

from seqloom.errors import UserError

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; people's output goes to stderr.")
]


def print_json(value: dict[str, Any]) -> None:
    """Print one object on stdout, in ASCII where its encoding is not UTF-8; NaN and infinities are null."""
    ascii_alone = codecs.lookup(sys.stdout.encoding).name != "utf-8"
    print(json.dumps(finite(value), ensure_ascii=ascii_alone, allow_nan=False))


def finite(value: Any) -> Any:
    """Return the value with None in place of infinities and NaN, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def console_for(as_json: bool) -> Console:
    """Return the console of people's output."""
    return Console(stderr=as_json)


def is_terminal() -> bool:
    """Return whether a person can be asked in the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def read_lines(stream: BinaryIO, name: str) -> Iterator[str]:
    r"""Yield each line without its end; only \n ends one.

    Raises:
        UserError: a byte is not UTF-8.
    """
    for number, line in enumerate(stream, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{name} line {number}: byte 0x{error.object[error.start]:02x} is not UTF-8; convert the text to UTF-8"
            ) from None


def in_chunks(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield lists of `size` lines, the last one shorter."""
    iterator = iter(lines)
    while chunk := list(islice(iterator, size)):
        yield chunk
