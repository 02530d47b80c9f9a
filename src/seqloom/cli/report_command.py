"""Command report: the page of a version, or of two."""

import sys
import webbrowser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.permissions import output_file
from seqloom.cli.generate_commands import ModelName
from seqloom.cli.stdio import AsJson, print_json
from seqloom.errors import UserError

commands = typer.Typer()


@commands.command()
def report(
    model: ModelName,
    against: Annotated[
        str, typer.Option("--against", metavar="MODEL", help="Another version: how the two differ, and how surely.")
    ] = "",
    to: Annotated[Path | None, typer.Option("--to", help="HTML file to write; else one in the home.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a version as one HTML page, and open it in a browser.

    Verdict, scores, examples, slices, test rows that stand in training, curves and cost. The page needs no network.
    """
    if to and to.suffix not in (".html", ".htm"):
        raise UserError(f"--to {to}: is an HTML page; call it {to.name}.html")
    if to:
        output_file(to)
    from seqloom.registry.version_reports import fetch_evaluation
    from seqloom.reports.version_report import version_report

    home = home_folder()
    with TemporaryDirectory() as folder:
        made = fetch_evaluation(model, home, Path(folder))
        if against:
            from seqloom.reports.comparison_report import comparison_report  # scikit-learn and sacreBLEU: seconds

            with TemporaryDirectory() as other:
                name, page = (
                    f"{made.title} against",
                    comparison_report(made, fetch_evaluation(against, home, Path(other))),
                )
        else:
            name, page = made.title, version_report(made)
    path = (to or home / "reports" / f"{_file_name(name, against)}.html").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    if as_json:
        print_json({"model": model, "report": str(path)})
        return
    print(path)
    if sys.stdout.isatty():
        webbrowser.open(path.as_uri())


def _file_name(*parts: str) -> str:
    """Return a name of letters, digits and dashes."""
    words = "".join(letter if letter.isalnum() else " " for letter in " ".join(parts)).split()
    return "-".join(words)
