"""Answers of teachers, kept on disk by content: nothing is asked twice, and a run that was killed goes on."""

import hashlib
import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from seqloom.distillation.teacher import TeacherReply
from seqloom.errors import UserError


class AnswerCache:
    """Replies by teacher and text; of failures only that there was one, so that they are asked again, but last."""

    def __init__(self, file: Path, identity: str) -> None:
        """Open or make the file; `identity` is that of the teacher.

        Raises:
            UserError: the file is no cache.
        """
        self._identity = identity
        file.touch()  # read alone it is in use, too: a clean-up goes by the time
        self._database = sqlite3.connect(file, timeout=60)
        try:
            self._database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, reply TEXT NOT NULL)")
            self._database.execute("CREATE TABLE IF NOT EXISTS failures (key TEXT PRIMARY KEY)")
        except sqlite3.DatabaseError as error:
            raise UserError(f"{file}: is no cache of answers ({error}); remove it, or give another folder") from None

    def get(self, text: str) -> TeacherReply | None:
        """Return the reply to a text; None if it was never answered."""
        row = self._database.execute("SELECT reply FROM answers WHERE key = ?", (self._key(text),)).fetchone()
        if row is None:
            return None
        answers, tokens = json.loads(row[0])
        return TeacherReply(tuple(answers), tokens)

    def put(self, text: str, reply: TeacherReply) -> None:
        """Keep a reply, on the disk when this returns."""
        kept = json.dumps([reply.answers, reply.tokens], ensure_ascii=False)
        with self._database:
            self._database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (self._key(text), kept))

    def has_failed(self, text: str) -> bool:
        """Return whether a text was asked in vain before."""
        found = self._database.execute("SELECT 1 FROM failures WHERE key = ?", (self._key(text),)).fetchone()
        return found is not None

    def put_failure(self, text: str) -> None:
        """Keep that a text was asked in vain."""
        with self._database:
            self._database.execute("INSERT OR IGNORE INTO failures VALUES (?)", (self._key(text),))

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._identity}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()

    def __enter__(self) -> Self:
        """Return the cache."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._database.close()
