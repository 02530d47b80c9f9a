"""compose.yaml without an engine: against the schema of compose files, and against what `seqloom up` starts."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from seqloom.stack.layout import HOST, Layout
from seqloom.stack.postgres import mlflow_database, prefect_database

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def validate(file: Path) -> int:
    tool = Path(sys.executable).parent / "check-jsonschema"
    return subprocess.run([tool, "--builtin-schema", "vendor.compose-spec", file], capture_output=True).returncode


def test_the_schema_holds(tmp_path: Path) -> None:
    assert validate(ROOT / "compose.yaml") == 0
    broken = tmp_path / "compose.yaml"
    broken.write_text((ROOT / "compose.yaml").read_text(encoding="utf-8").replace("    ports:", "    portz:"))
    assert validate(broken) == 1


def test_ports_are_of_this_machine_alone(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_password_is_written_down(services: dict[str, Any]) -> None:
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    told = {name for name, service in services.items() if "POSTGRES_PASSWORD" in str(service.get("environment"))}
    assert told == {"postgres", "schemas", "prefect", "mlflow"}
    for name, variable in [(name, "PREFECT_API_AUTH_STRING") for name in ("deploy", "worker", "worker-gpu")] + [
        ("prefect", "PREFECT_SERVER_API_AUTH_STRING")
    ]:
        assert services[name]["environment"][variable].startswith("seqloom:${PREFECT_PASSWORD:?")


def test_servers_answer_to_the_browser_and_to_workers_alone(services: dict[str, Any]) -> None:
    prefect, mlflow = services["prefect"]["environment"], services["mlflow"]["environment"]
    origins = prefect["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"].replace("${PREFECT_PORT:-4200}", "4200").split(",")
    assert origins == ["http://127.0.0.1:4200", "http://localhost:4200", "http://prefect:4200"]
    assert services["worker"]["environment"]["PREFECT_API_URL"] == f"{origins[-1]}/api"
    assert mlflow["MLFLOW_SERVER_ALLOWED_HOSTS"] in services["worker"]["environment"]["MLFLOW_TRACKING_URI"]
    assert "*" not in mlflow["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] + mlflow["MLFLOW_SERVER_ALLOWED_HOSTS"]


def test_servers_are_told_what_seqloom_up_tells_them(services: dict[str, Any], tmp_path: Path) -> None:
    url = "postgresql://seqloom:PASSWORD@postgres:5432/seqloom"
    prefect = Layout(tmp_path, 4200, 5000).prefect()
    told = services["prefect"]["environment"]
    assert services["prefect"]["command"] == [
        "0.0.0.0" if word == HOST else word for word in ("python", "-m", *prefect.arguments)
    ]
    wanted = {name: value.replace("PASSWORD", "${POSTGRES_PASSWORD}") for name, value in prefect_database(url).items()}
    assert told.items() >= wanted.items()
    for name in ("PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        assert told[name] == prefect.environment[name]
    store = mlflow_database(url, tmp_path).replace("PASSWORD", "${POSTGRES_PASSWORD}")
    assert services["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"] == store


@pytest.mark.parametrize(("name", "pool"), [("worker", "seqloom-cpu"), ("worker-gpu", "seqloom-gpu")])
def test_workers_wait_for_what_they_need(services: dict[str, Any], name: str, pool: str) -> None:
    assert services[name]["command"] == ["seqloom", "worker", pool]
    assert services[name]["depends_on"] == {
        "deploy": {"condition": "service_completed_successfully"},
        "mlflow": {"condition": "service_healthy"},
    }


def test_the_image_copies_only_what_there_is() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == allowed
    assert all((ROOT / name).exists() for name in copied)
