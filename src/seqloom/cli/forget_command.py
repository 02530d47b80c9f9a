"""Command forget: which versions saw some texts, and what has to be trained again."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json

if TYPE_CHECKING:
    from seqloom.registry.text_exposure import Exposure

commands = typer.Typer()


@commands.command()
def forget(
    texts: Annotated[
        Path, typer.Argument(metavar="FILE", help="Texts to be forgotten, one a line, or sha256: and their digests.")
    ],
    mark: Annotated[
        bool, typer.Option("--mark", help="Write it to the history of those versions; never the texts.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which registered versions saw some texts, and what must be trained again."""
    console = console_for(as_json)
    from seqloom.corpus.excluded_texts import ExcludedTexts
    from seqloom.registry.text_exposure import exposures, mark_to_be_forgotten, to_be_retrained, undecided

    listed = ExcludedTexts.read(texts, "the list of texts")
    found = exposures(listed, home_folder())
    retrained = to_be_retrained(found)
    unknown = undecided(found)
    if mark:
        mark_to_be_forgotten(found, listed, home_folder())
    if found:
        console.print(_table(found))
    for sentence in _sentences(found, retrained, unknown, texts):
        console.print(Text(sentence), soft_wrap=True)
    if as_json:
        print_json({"versions": [asdict(each) for each in found], "retrain": retrained, "unknown": unknown})


def _table(found: "list[Exposure]") -> Table:
    table = Table(title="Rows with one of the texts", title_justify="left", box=None, padding=(0, 2))
    table.add_column("version", overflow="fold")
    for column in ("train", "validation", "test"):
        table.add_column(column, justify="right")
    table.add_column("known answers", justify="right")
    for each in found:
        aliases = f" ({', '.join(each.aliases)})" if each.aliases else ""
        cells = [f"{count:,}" for count in each.rows.values()] if each.rows else ["?"] * 3
        table.add_row(Text(f"{each.model}{aliases}"), *cells, f"{each.known:,}")
    return table


def _sentences(found: "list[Exposure]", retrained: list[str], unknown: list[str], texts: Path) -> list[str]:
    """Return what is to be done."""
    if not found:
        return ["No version is registered."]
    said = []
    if retrained:
        said.append(
            f"To be trained again: {', '.join(retrained)}. Set corpus.exclude to {texts} in their recipes, train, and "
            "delete these versions when the new ones serve."
        )
        if any(each.known for each in found):
            said.append(
                "That leaves them out of serving.memory_file, too; out of serving.rules_file they are yours to take."
            )
    elif not unknown:
        said.append("No version learned from them.")
    if unknown:
        said.append(
            f"Nobody can say of {', '.join(unknown)}: a corpus is not on this machine any more, or a version that it "
            "went on from was deleted."
        )
    said.append("Your own files, and the copies in downloads, are yours to correct.")
    return said
