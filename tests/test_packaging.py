"""What people find beside the code: license, version, citation, hooks and templates, and that they say one thing."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import yaml

import seqloom
from seqloom.bundled_files import bundled_file
from seqloom.stack.provision import example_deployments

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_is_said_once_and_told_everywhere() -> None:
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    released = f"## [{seqloom.__version__}] - {citation['date-released']}"
    assert citation["version"] == seqloom.__version__
    assert released in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()


def test_the_license_is_the_one_that_is_named() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert PROJECT["license"] == citation["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_types_are_said_to_be_there() -> None:
    assert (Path(seqloom.__file__).parent / "py.typed").is_file()
    assert "Typing :: Typed" in PROJECT["classifiers"]


def test_no_library_is_pinned_by_the_project_but_the_data_of_the_demo() -> None:
    extras = {name: wanted for name, wanted in PROJECT["optional-dependencies"].items() if name != "demo"}
    named = [*PROJECT["dependencies"], *(each for wanted in extras.values() for each in wanted)]
    assert not [each for each in named if "==" in each]


def test_every_range_holds_the_version_that_is_tested() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    tested = {canonicalize_name(name): version for name, version in pins}
    wanted = [
        *PROJECT["dependencies"],
        *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
    ]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(tested[canonicalize_name(requirement.name)], prereleases=True), (
            requirement
        )


def test_hooks_run_what_make_check_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    recipe = re.search(r"^check: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe
    checked = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    assert [hook["entry"] for hook in hooks] == checked


def test_lines_of_the_changelog_fit_a_screen() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 140


def test_recipes_travel_inside_the_package(tmp_path: Path) -> None:
    build = ("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT))
    subprocess.run([sys.executable, "-m", *build], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        archive.extractall(tmp_path / "site")
    assert {name.partition("/")[0] for name in names} == {"seqloom", "flows", "tasks"}
    recipes = {f"recipes/{file.name}" for file in (ROOT / "recipes").glob("*.yaml")}
    assert {f"seqloom/{name}" for name in (*recipes, "py.typed")} <= names
    read = "from seqloom.bundled_files import bundled_file as b; print(b('recipes/demo.yaml'))"
    site = tmp_path / "site"
    found = subprocess.run([sys.executable, "-c", read], cwd=site, check=True, capture_output=True, text=True).stdout
    assert Path(found.strip()).resolve() == site / "seqloom" / "recipes" / "demo.yaml"


def test_a_checkout_has_its_recipes_at_the_top() -> None:
    assert bundled_file("recipes/demo.yaml") == ROOT / "recipes" / "demo.yaml"
    assert example_deployments() == ROOT / "prefect.yaml"
