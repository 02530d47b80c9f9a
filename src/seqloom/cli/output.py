"""What commands have in common that print for people, or with --json for programs."""

import codecs
import json
import math
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; people's output goes to stderr.")
]


def print_json(value: dict[str, Any]) -> None:
    """One object on stdout, in ASCII where that cannot take all of Unicode; a figure that is none is null."""
    ascii_alone = codecs.lookup(sys.stdout.encoding).name != "utf-8"
    print(json.dumps(finite(value), ensure_ascii=ascii_alone, allow_nan=False))


def finite(value: Any) -> Any:
    """The same with null in place of infinities and NaN, which JSON does not know."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def console_for(as_json: bool) -> Console:
    """Where people's output goes."""
    return Console(stderr=as_json)


def is_terminal() -> bool:
    """Whether somebody can be asked, and will see the question."""
    return sys.stdin.isatty() and sys.stderr.isatty()
