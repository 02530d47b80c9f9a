"""The front door: README is short and true, and each package has a line in the architecture page."""

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from seqloom.cli.main import app
from seqloom.recipe.applications import APPLICATIONS
from seqloom.recipe.recipe_loader import check_recipe

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.zh-CN.md")
LIMIT = 10_240  # bytes
RESULTS = ROOT / "docs" / "results.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "bench").glob("*.md"))]


def packages() -> set[str]:
    """The dotted name of each package of ours."""
    tops = {"flows": ROOT, "tasks": ROOT, "seqloom": ROOT / "src"}
    found = [(file.parent, base) for top, base in tops.items() for file in (base / top).rglob("__init__.py")]
    return {".".join(folder.relative_to(base).parts) for folder, base in found}


def commands() -> set[str]:
    return set(get_command(app).commands)  # type: ignore[attr-defined]


def test_each_package_has_one_line_in_the_architecture_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.split("## Packages\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([a-z_.]+)` \| .+ \|$", section, re.MULTILINE)
    assert sorted(listed) == sorted(packages())


@pytest.mark.parametrize("name", READMES)
def test_a_readme_is_a_front_door(name: str) -> None:
    assert len((ROOT / name).read_bytes()) <= LIMIT


@pytest.mark.parametrize("name", READMES)
def test_its_commands_and_targets_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    asked = set(re.findall(r"(?:^|`|/)seqloom ([a-z-]+)", text, re.MULTILINE))
    assert asked >= {"init", "check", "train", "generate", "rollback"}
    assert asked <= commands()
    targets = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", READMES)
def test_its_recipe_is_accepted(name: str) -> None:
    [recipe] = re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert check_recipe(yaml.safe_load(recipe), name).corpus.target_column


def test_both_languages_say_the_same() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in READMES)
    for what in (r"\((?!README)([\w./-]+)\)", r"\d+\.\d", r"^#+", r"^(?:make|seqloom) \w+"):
        left, right = (re.findall(what, text, re.MULTILINE) for text in (english, chinese))
        assert sorted(left) == sorted(right), what


def test_every_page_of_the_docs_is_in_the_navigation() -> None:
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/-]+\.md$", site, re.MULTILINE))
    assert named == {str(file.relative_to(ROOT / "docs")) for file in (ROOT / "docs").rglob("*.md")}


def test_its_scores_stand_in_the_results() -> None:
    readme, results = (ROOT / "README.md").read_text(encoding="utf-8"), RESULTS.read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in readme.splitlines() if re.match(r"\| \[\w+\]\(docs/", row)]
    assert len(rows) == len(APPLICATIONS)
    scores = re.findall(r"\d+\.\d", " ".join(" ".join(row[3:]) for row in rows))
    assert not [score for score in scores if score not in results]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert not [link for link in links if not (file.parent / link).exists()]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_that_a_page_names_exists(file: Path) -> None:
    named = re.findall(r"`((?:[\w-]+/)+[\w-]+\.py)`", file.read_text(encoding="utf-8"))
    folders = (ROOT, ROOT / "src" / "seqloom", file.parent)
    assert not [name for name in named if not any((folder / name).exists() for folder in folders)]
