"""Address of the user's Prefect server from environment, settings files or profile, without importing Prefect."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VARIABLE = "PREFECT_API_URL"


@dataclass(frozen=True)
class NamedServer:
    """An address, and the setting it comes from."""

    url: str
    where: str
    remedy: str  # how somebody does without it


def named_server() -> NamedServer | None:
    """Return the server that Prefect's own commands would use here; None where the user named none.

    The order is Prefect's: the environment, then `.env`, `prefect.toml` and `pyproject.toml` of the working directory,
    then the active profile.
    """
    for find in (_in_environment, _in_dotenv, _in_prefect_toml, _in_pyproject, _in_profile):
        if named := find():
            return named
    return None


def _in_environment() -> NamedServer | None:
    return _named(os.environ.get(VARIABLE), VARIABLE, f"unset {VARIABLE}")


def _in_dotenv() -> NamedServer | None:
    if not Path(".env").is_file():
        return None
    from dotenv import dotenv_values  # of Prefect's

    return _named(dotenv_values(".env").get(VARIABLE), f"{VARIABLE} in .env", "take it out of there")


def _in_prefect_toml() -> NamedServer | None:
    return _named(_in(_read(Path("prefect.toml")), "api", "url"), "prefect.toml", "take api.url out of it")


def _in_pyproject() -> NamedServer | None:
    found = _in(_read(Path("pyproject.toml")), "tool", "prefect", "api", "url")
    return _named(found, "pyproject.toml", "take tool.prefect.api.url out of it")


def _in_profile() -> NamedServer | None:
    folder = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    profiles = _read(Path(os.environ.get("PREFECT_PROFILES_PATH") or folder / "profiles.toml"))
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active")
    where = f"your Prefect profile {active}"
    return _named(_in(profiles, "profiles", active, VARIABLE), where, "choose another one with prefect profile use")


def _named(url: Any, where: str, remedy: str) -> NamedServer | None:
    return NamedServer(str(url).rstrip("/"), where, remedy) if url else None


def _read(file: Path) -> dict[str, Any]:
    """Return the tables of a TOML file; none where it cannot be read, which Prefect reports itself."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _in(tables: Any, *keys: Any) -> Any:
    for key in keys:
        tables = tables.get(key) if isinstance(tables, dict) else None
    return tables
