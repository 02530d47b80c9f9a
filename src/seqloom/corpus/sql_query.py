"""The rows of an SQL query as a source: streamed once per run into a file of JSON lines, read-only.

Only its rows tell whether a query gives what it gave before, so it is run for each plan, and the digest of the rows is
that of the source. Without ORDER BY a database may return the same rows in another order (PostgreSQL does, after an
update or a scan that joins another one): then the digest ignores their order.
"""

import hashlib
import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from seqloom.artifact.digest import digest_of_file
from seqloom.artifact.full_disk import full_disk_reported
from seqloom.corpus.download import is_fresh, record_download
from seqloom.corpus.json_objects import as_text
from seqloom.corpus.url_secrets import fill_text, redact
from seqloom.errors import Unreachable, UserError
from seqloom.url_mask import MASK, revealed

_DRIVERS = {"postgresql": "psycopg2-binary", "mysql": "pymysql", "mariadb": "pymysql"}
_ROWS = 1000  # fetched at once
_SECONDS = 30  # to connect
_COMMENT = re.compile(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
_READS = re.compile(r"(select|with|values|table)\b", re.IGNORECASE)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)


def fetch_rows(location: str, query: str, folder: Path, field: str) -> tuple[Path, str]:
    """Write the rows of a query to a file in `folder`, and return it with their digest.

    Args:
        location: SQLAlchemy URL; secrets are named in it.
        query: A statement that reads.
        folder: Where copies are kept.
        field: Field of the recipe with the URL.

    Raises:
        Unreachable: the database cannot be reached.
        UserError: it refuses the query, or a driver or the query is missing.
    """
    of = field.removesuffix(".train")
    if not query:
        raise UserError(f"{location}: a database needs a query: set {of}.query to a SELECT")
    query = _COMMENT.sub("", query).rstrip().rstrip(";")
    if not _READS.match(query):
        raise UserError(f"{of}.query: {query[:40]!r} reads no rows; write a SELECT, or WITH … SELECT")
    name = hashlib.sha256(f"{location}\n{query}".encode()).hexdigest()[:32]
    kept = folder / f"query-{name}.jsonl"
    if not is_fresh(kept):
        folder.mkdir(parents=True, exist_ok=True)
        with full_disk_reported(folder), tempfile.TemporaryDirectory(dir=folder) as scratch:
            fresh = Path(scratch) / "rows"
            _write(fresh, location, query, field)
            fresh.replace(kept)
        record_download(kept)
    return kept, digest_of_file(kept) if _ORDERED.search(query) else digest_of_lines(kept)


def digest_of_lines(file: Path) -> str:
    """Return the digest of the lines of a file, in whatever order: the sum of theirs (Bellare and Micciancio 1997)."""
    total = 0
    with file.open("rb") as lines:
        for line in lines:
            total += int.from_bytes(hashlib.sha256(line).digest())
    return f"{total % 2**256:064x}"


def _write(file: Path, location: str, query: str, field: str) -> None:
    url, secrets = _address(location, field)
    try:
        rows = 0
        with file.open("w", encoding="utf-8") as lines:
            for row in _rows(url, query):
                rows += 1
                lines.write(json.dumps(_values(row, location, rows), ensure_ascii=False) + "\n")
    except (ModuleNotFoundError, NoSuchModuleError):
        kind = url.get_backend_name()
        raise UserError(
            f"{location}: the driver of this database is missing; pip install {_DRIVERS.get(kind, kind)}"
        ) from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = " ".join(redact(_reason(error), secrets).split())[:300]
        lost = isinstance(error, DBAPIError) and (error.connection_invalidated or isinstance(error, OperationalError))
        away = lost and url.get_backend_name() != "sqlite"
        raise (Unreachable if away else UserError)(
            f"{location}: the query gives no rows ({reason}); correct {field.removesuffix('.train')}.query, {field} or "
            "the credentials in the environment"
        ) from None
    if not rows:
        raise UserError(f"{location}: the query gives no row; correct {field.removesuffix('.train')}.query")


def _address(location: str, field: str) -> tuple[URL, tuple[str, ...]]:
    """Return the URL with its secrets filled in, part by part, and the secrets."""
    plain = revealed(location)
    if lost := MASK.search(plain):
        raise UserError(
            f"{location}: what {lost[0]} stands for was masked when this recipe was kept; write it as ${{NAME}} in "
            f"{field} and set NAME in the environment"
        )
    secrets = [revealed(mask) for mask in MASK.findall(location)]

    def filled(text: str | None) -> str | None:
        found, names = fill_text(text or "", location, field)
        secrets.extend(names)
        return found or None

    try:
        url = make_url(re.sub(r"^postgres(?=[:+])", "postgresql", plain))
    except (ArgumentError, ValueError):
        raise UserError(
            f"{location}: not the URL of a database; write DIALECT://USER:PASSWORD@HOST/DATABASE in {field}, with "
            "${NAME} for what is secret"
        ) from None
    parts = {part: filled(getattr(url, part)) for part in ("username", "password", "host", "database")}
    return url.set(**parts), tuple(secrets)  # type: ignore[arg-type]


def _rows(url: URL, query: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a query, of which a thousand are in memory at a time."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            streamed = _read_only(connection, url).execution_options(
                stream_results=True, max_row_buffer=_ROWS, no_parameters=True
            )
            for part in streamed.exec_driver_sql(query).mappings().partitions(_ROWS):
                yield from part  # type: ignore[misc]
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": _SECONDS})
    path = Path(url.database or "")
    if not path.is_file():
        raise UserError(f"sqlite:///{path}: no such file (looked in {Path.cwd()}); correct the path")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    return create_engine("sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(address, uri=True))


def _read_only(connection: Connection, url: URL) -> Connection:
    """Have the database refuse every change in this transaction, which is never committed."""
    match url.get_backend_name():
        case "postgresql":
            return connection.execution_options(postgresql_readonly=True)
        case "mysql" | "mariadb":
            connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
            connection.rollback()
    return connection


def _values(row: Mapping[str, Any], location: str, number: int) -> dict[str, object]:
    """Return the values of a row as JSON has them; dates, decimals and others as text."""
    values: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, bytes | memoryview):
            raise UserError(f"{location} row {number}: column {name} holds bytes, not text; cast it in the query")
        values[name] = value if value is None or as_text(value) is not None else str(value)
    return values


def _reason(error: Exception) -> str:
    """Return what the database says, without SQLAlchemy's lines on the statement."""
    return str(getattr(error, "orig", None) or error).partition("\n[SQL")[0]
