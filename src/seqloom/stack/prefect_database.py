"""Prefect's SQLite database: created or migrated by one process before its server starts, again after a kill."""

import asyncio
import sys
from pathlib import Path

from seqloom.artifact.full_disk import full_disk, full_folder, says_full
from seqloom.artifact.sqlite_file import holds_rows, prepare
from seqloom.errors import UserError

SAID = "seqloom: "  # before the sentence that a server ends with which cannot start

KEPT = tuple((table, "true") for table in ("flow_run", "deployment", "block_document", "variable", "automation"))
"""Tables with a condition on their rows: a database that has such rows is not replaced."""


def prepare_database() -> None:
    """Return once the SQLite database of Prefect's settings is there and up to date; any other is left to Prefect.

    Two servers that make or upgrade one at once would each meet half of what the other does.

    Raises:
        UserError: it is damaged, or holds runs and cannot be brought up to date.
    """
    from prefect.settings import get_current_settings
    from sqlalchemy.engine import make_url

    setting = get_current_settings().server.database.connection_url
    url = make_url(setting.get_secret_value() if setting else "sqlite+aiosqlite://")
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:" and not url.query:
        prepare(Path(url.database), "Prefect's database", _is_ready, _make)


def prepare_or_exit() -> None:
    """Call `prepare_database`; exit on its errors with the sentence as the last line of the log."""
    try:
        prepare_database()
    except Exception as error:
        place = full_folder(error) if says_full(error) else None
        if not place and not isinstance(error, UserError):
            raise
        sys.exit(f"{SAID}{full_disk(place) if place else error}")


def exit_message(log: Path) -> str:
    """Return that sentence from a log; empty where there is none."""
    said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return said[-1].removeprefix(SAID) if said and said[-1].startswith(SAID) else ""


def _make(draft: Path) -> None:
    asyncio.run(_migrate(draft, blocks=True))


def _is_ready(file: Path) -> bool:
    """Migrate the database; return whether it can be used."""
    try:
        asyncio.run(_migrate(file, blocks=False))
    except Exception as error:
        if says_full(error) or "database is locked" in str(error):  # which says nothing of what is in it
            raise
        if not holds_rows(file, KEPT):
            return False
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{file} cannot be brought up to date for this Prefect ({reason}): put a backup in its place, or move it "
            "away and begin without its runs"
        ) from error
    return True


async def _migrate(file: Path, blocks: bool) -> None:
    """Run Prefect's migrations, and with `blocks` what its server does next, which two must not do at once either."""
    from prefect.server.database import provide_database_interface
    from prefect.server.database.configurations import AioSqliteConfiguration
    from prefect.server.database.dependencies import temporary_database_config
    from prefect.server.models.block_registration import run_block_auto_registration

    with temporary_database_config(AioSqliteConfiguration(f"sqlite+aiosqlite:///{file}")):
        database = provide_database_interface()
        await database.create_db()
        if blocks:
            async with await database.session() as session:
                await run_block_auto_registration(session)
        await (await database.engine()).dispose()
