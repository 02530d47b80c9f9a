"""A module in the working folder of flow runs that hides one of those they import is reported by `seqloom deploy`."""

from pathlib import Path

import pytest

import flows
from seqloom.stack.provision import shadow_warnings


@pytest.mark.parametrize("name", ["flows", "tasks", "seqloom", "torch", "prefect", "logging"])
@pytest.mark.parametrize("package", [True, False])
def test_a_module_that_hides_an_imported_one_is_named(name: str, package: bool, tmp_path: Path) -> None:
    module = tmp_path / name if package else tmp_path / f"{name}.py"
    (module / "__init__.py" if package else module).parent.mkdir(exist_ok=True)
    (module / "__init__.py" if package else module).touch()
    [warning] = shadow_warnings(tmp_path)
    assert warning.startswith(f"{module} hides the module {name} ")


def test_other_modules_and_folders_without_code_are_not(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()  # a namespace package: regular packages behind it on the path come first
    (tmp_path / "train_nightly.py").touch()
    assert shadow_warnings(tmp_path) == []


def test_our_own_modules_hide_nothing() -> None:
    assert shadow_warnings(Path(flows.__file__).parents[1]) == []
