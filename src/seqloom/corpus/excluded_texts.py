"""Texts that no corpus may have, by a list: what was asked to be forgotten.

A line of the list is a text, or `sha256:` and the digest of one, so that the list need not hold what is forgotten.
Texts are compared without case, spaces, punctuation and zero-width characters.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from seqloom.artifact.input_file import require_file
from seqloom.corpus.normalization import fold_text
from seqloom.corpus.personal_data import PersonalData
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

_DIGEST = re.compile(r"sha256:([0-9a-fA-F]{64})")


class ExcludedTexts:
    """Digests of the texts of a list: 32 bytes each."""

    def __init__(self, digests: Iterable[bytes]) -> None:
        self.digests = frozenset(digests)

    @classmethod
    def of(cls, section: CorpusSection) -> Self | None:
        """Read the list of a recipe; None if it has none.

        Raises:
            UserError: the file cannot be read.
        """
        return cls.read(Path(section.exclude), "corpus.exclude") if section.exclude else None

    @classmethod
    def read(cls, path: Path, field: str) -> Self:
        """Read a list.

        Raises:
            UserError: it cannot be read, or is empty.
        """
        try:
            require_file(path, f"correct {field}")
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8"
            raise UserError(f"{path}: cannot be read as a list of texts ({reason}); correct {field}") from None
        digests = [digest for line in lines if line.strip() for digest in _digests_in(line.strip())]
        if not digests:
            raise UserError(f"{path}: lists no text; write one a line, or sha256: and its digest")
        return cls(digests)

    @property
    def digest(self) -> str:
        """Digest of the list, whatever its order."""
        return hashlib.sha256(b"".join(sorted(self.digests))).hexdigest()

    def has(self, *texts: str) -> bool:
        """Return whether one of the texts is listed."""
        return any(text_digest(text) in self.digests for text in texts)


def text_digest(text: str) -> bytes:
    """Return the digest by which a text is known: SHA-256 of it without case, spaces, punctuation and the like."""
    return hashlib.sha256(fold_text(text).encode("utf-8", "replace")).digest()


def _digests_in(line: str) -> list[bytes]:
    """Return the digests of a line: of a text as it is, and as corpora without personal data hold it."""
    found = _DIGEST.fullmatch(line)
    return [bytes.fromhex(found[1])] if found else [text_digest(each) for each in (line, *PersonalData().replace(line))]
