"""Hooks of the docs site: a page of the API reference for each package, and no page that asks the net for anything."""

import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

LIBRARY = Path(__file__).parents[1] / "src" / "seqloom"
SECTION = "API reference"
INTRODUCTION = """\
# API reference

What most people need is in [as a library](../library.md). How the packages
depend on each other is in [architecture](../architecture.md#packages).

"""
FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
CANONICAL = re.compile(r"rel=[\"']?canonical")


def packages() -> list[str]:
    """Return the packages of the library by name."""
    return sorted(file.parent.name for file in LIBRARY.glob("*/__init__.py"))


def on_config(config: Any) -> Any:
    """Put the pages of the packages into the navigation."""
    for entry in config.nav:
        if SECTION in entry:
            entry[SECTION] = ["api/index.md", *({f"seqloom.{name}": f"api/{name}.md"} for name in packages())]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Write the pages of the API reference; they lie in no folder."""
    index = INTRODUCTION + "".join(f"- [seqloom.{name}]({name}.md)\n" for name in packages())
    index += "\n## seqloom.pipeline\n\n::: seqloom.pipeline\n    options: {heading_level: 3}\n"
    pages = {"index": index, **{name: f"# seqloom.{name}\n\n::: seqloom.{name}\n" for name in packages()}}
    for name, content in pages.items():
        files.append(File.generated(config, f"api/{name}.md", content=content))
    return files


def on_post_build(config: Any) -> None:
    """Stop where a page would fetch a script, a style, a font or a picture from elsewhere."""
    for page in Path(config.site_dir).rglob("*.html"):
        for tag in FETCHED.findall(page.read_text(encoding="utf-8")):
            if not CANONICAL.search(tag):
                raise PluginError(f"{page.relative_to(config.site_dir)} fetches from the net: {tag}")
