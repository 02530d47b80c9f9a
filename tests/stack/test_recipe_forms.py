"""Forms fitted to the folder of their deployments, and what a folder or a pool that is not there says."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import validate
from typer.testing import CliRunner

from flows.compare import compare
from flows.data_to_model import data_to_model
from flows.refresh import refresh
from seqloom.cli import stack_commands
from seqloom.errors import UserError
from seqloom.stack import provision
from seqloom.stack.prefect_server import _register_formats
from seqloom.stack.recipe_forms import fit_forms, recipes_in

MINE = "name: mine\ncorpus: {train: [a.tsv]}\ntraining: {epochs: 7}\n"
LISTED = ["mine.yaml", "recipes/more.yaml"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "mine.yaml").write_text(MINE, encoding="utf-8")
    (tmp_path / "recipes" / "more.yaml").write_text(MINE, encoding="utf-8")
    (tmp_path / "prefect.yaml").write_text("deployments: []\n", encoding="utf-8")
    return tmp_path


def fitted(flow: Any, parameters: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The schema that a deployment gets, and the warnings."""
    deployment = SimpleNamespace(
        id="1", name="one", parameters=parameters, parameter_openapi_schema=parameter_schema(flow).model_dump()
    )
    client = MagicMock()
    warnings = fit_forms(client, [deployment], folder)  # type: ignore[list-item]
    return client.update_deployment.call_args[0][1].parameter_openapi_schema, warnings


def test_the_recipes_of_a_folder(folder: Path) -> None:
    assert recipes_in(folder) == LISTED


def test_a_deployment_for_a_file_begins_with_its_values(folder: Path) -> None:
    schema, warnings = fitted(data_to_model, {"recipe_file": "mine.yaml"}, folder)
    begun = schema["properties"]["recipe"]["default"]
    assert (begun["name"], begun["training"]["epochs"], warnings) == ("mine", 7, [])
    begun = fitted(compare, {"recipe_files": ["mine.yaml"]}, folder)[0]["properties"]["recipe"]["default"]
    assert begun["name"] == "mine"


def test_a_file_that_cannot_be_read_is_told_and_no_other_shown(folder: Path) -> None:
    schema, [warning] = fitted(data_to_model, {"recipe_file": "gone.yaml"}, folder)
    assert "default" not in schema["properties"]["recipe"]
    assert "one: " in warning
    assert "gone.yaml: no such recipe" in warning


@pytest.mark.parametrize("flow", [data_to_model, compare, refresh], ids=lambda flow: flow.name)
def test_files_are_offered_and_others_taken(flow: Any, folder: Path) -> None:
    schema, _ = fitted(flow, {}, folder)
    assert [name for name in schema["definitions"]["recipe~1file"]["enum"] if name] == LISTED
    name = "recipe_files" if flow is compare else "recipe_file"
    for value in ("mine.yaml", "/elsewhere/any.yaml"):
        said: Any = [value] if flow is compare else value
        assert validate({name: said}, schema) == []
        assert validate({name: {"no": "text"}}, schema) != []


SHOWN = {"$ref", "type", "enum", "format", "required", "properties", "items", "definitions"}
"""Of a schema, what Prefect's UI sends to be checked before it submits a form."""


def as_the_ui_has_it(schema: Any, names: bool = False) -> Any:
    """A schema without what the UI drops."""
    if isinstance(schema, dict):
        kept = {key: value for key, value in schema.items() if names or key in SHOWN}
        return {key: as_the_ui_has_it(value, key in ("properties", "definitions")) for key, value in kept.items()}
    return schema


@pytest.mark.parametrize(
    ("section", "field", "wrong", "right"),
    [
        ("training", "epochs", [-1, 10**6], [0, 1, 100_000]),
        ("training", "gradient_accumulation", [0, -1, 10**6], [1, 100_000]),
        ("training", "learning_rate", [-0.1, 10.5], [0, 1e-9, 10]),
        ("training", "label_smoothing", [1, -0.1], [0, 0.99]),
        ("training", "start_from", ["x", "models:/a"], ["", "models:/a@champion", "models:/a/3"]),
        ("training", "rendezvous", ["10.0.0.5", "host:port"], ["", "10.0.0.5:29400"]),
        ("corpus", "scheduler", ["10.0.0.5", "tcp:// a"], ["", "tcp://10.0.0.5:8786"]),
        ("corpus", "turn_separator", ["", "-" * 21], ["-", "-" * 20]),
        ("registry", "significance", [0, 1], [0.05]),
    ],
)
def test_our_server_refuses_at_the_field_what_a_recipe_may_not_say(
    section: str, field: str, wrong: list[Any], right: list[Any]
) -> None:
    _register_formats()
    schema = as_the_ui_has_it(parameter_schema(data_to_model).model_dump())
    for value in (*wrong, *right):
        faults = validate(
            {"recipe": {"name": "a", "corpus": {"train": ["b"]}, section: {"train": ["b"], field: value}}}, schema
        )
        assert [list(fault.path) for fault in faults] == ([["recipe", section, field]] if value in wrong else [])
        assert all(fault.message.startswith(f"{value!r} is not a '") for fault in faults)


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """A folder without a prefect.yaml, and a server that takes what it is given; the files that it is given."""
    given: list[Path] = []

    def fake_provision(file: Path, *_: object) -> provision.Provisioned:
        given.append(file)
        return provision.Provisioned(0, 1, ["data-to-model/one"], [])

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stack_commands, "_need_prefect", lambda: None)
    monkeypatch.setattr(provision, "provision", fake_provision)
    return given


def test_a_folder_without_deployments_gets_none_unless_asked_for(no_server: list[Path], tmp_path: Path) -> None:
    refused = CliRunner().invoke(stack_commands.commands, ["deploy"])
    assert isinstance(refused.exception, UserError)
    assert "there is no prefect.yaml in" in str(refused.exception)
    assert "seqloom init" in str(refused.exception)
    assert "--examples" in str(refused.exception)
    assert no_server == []
    CliRunner().invoke(stack_commands.commands, ["deploy", "--examples"], catch_exceptions=False)
    (tmp_path / "prefect.yaml").write_text("deployments: []", encoding="utf-8")
    CliRunner().invoke(stack_commands.commands, ["deploy"], catch_exceptions=False)
    assert no_server == [provision.example_deployments(), tmp_path / "prefect.yaml"]


@pytest.mark.parametrize(("answer", "deployed"), [("y\n", 1), ("n\n", 0)])
def test_in_a_terminal_it_asks(
    answer: str, deployed: int, no_server: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_commands, "is_terminal", lambda: True)
    done = CliRunner().invoke(stack_commands.commands, ["deploy"], input=answer, catch_exceptions=False)
    assert done.exit_code == 0
    assert len(no_server) == deployed


@pytest.mark.parametrize(
    ("name", "there", "sentence"),
    [
        (
            "cpu",
            ["seqloom-cpu", "default"],
            "there is no work pool cpu: there are seqloom-cpu, default, seqloom-gpu; did",
        ),
        ("xyz", [], "there are seqloom-cpu, seqloom-gpu; name one"),
    ],
)
def test_a_pool_that_is_not_there_is_no_worker_s(
    name: str, there: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MagicMock()
    client.__enter__().read_work_pools.return_value = [SimpleNamespace(name=pool) for pool in there]
    monkeypatch.setattr(provision, "get_client", lambda **_: client)
    with pytest.raises(UserError, match=sentence):
        provision.require_pool(name)
    provision.require_pool("seqloom-gpu")
    client.__enter__().create_work_pool.assert_called_once()
