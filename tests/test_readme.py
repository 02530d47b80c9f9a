"""The tree in README names every module, in the words of its docstring."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOPS = ("flows", "tasks", "src/seqloom")
COLUMN = 28  # where the words begin


def rows() -> list[str]:
    """Each package and module, below its folder."""
    return [row for top in TOPS for row in (_row(0, f"{top}/", ROOT / top / "__init__.py"), *_inside(ROOT / top, 2))]


def _inside(folder: Path, indent: int) -> list[str]:
    modules = [file for file in sorted(folder.glob("*.py")) if file.name != "__init__.py"]
    listed = [_row(indent, file.name, file) for file in modules]
    for package in sorted(file.parent for file in folder.glob("*/__init__.py")):
        listed += [_row(indent, f"{package.name}/", package / "__init__.py"), *_inside(package, indent + 2)]
    return listed


def _row(indent: int, name: str, file: Path) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return f"{' ' * indent + name:<{COLUMN}} {' '.join(docstring.split(chr(10) * 2)[0].split()).rstrip('.')}"


def test_the_tree_is_whole_and_true() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(readme) if line.startswith("flows/"))
    end = next(number for number, line in enumerate(readme) if line.startswith("data/"))
    assert readme[start:end] == rows()
