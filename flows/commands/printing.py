"""What commands have in common that print for people, or with --json for programs."""

import codecs
import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout; people's output goes to stderr.")
]


def print_json(value: dict[str, Any]) -> None:
    """One object on stdout, in ASCII where that cannot take all of Unicode."""
    print(json.dumps(value, ensure_ascii=codecs.lookup(sys.stdout.encoding).name != "utf-8"))


def console_for(as_json: bool) -> Console:
    """Where people's output goes."""
    return Console(stderr=as_json)
