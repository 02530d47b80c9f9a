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
    """Replies by teacher and text; failures are not kept, so that they are asked again."""

    def __init__(self, file: Path, identity: str) -> None:
        """Open or make the file; `identity` is that of the teacher.

        Raises:
            UserError: the file is no cache.
        """
        self._identity = identity
        self._database = sqlite3.connect(file, timeout=60)
        try:
            self._database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, reply TEXT NOT NULL)")
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
