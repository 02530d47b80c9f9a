"""Features that a column of a table names, as manifests of speech do: a .npy file for each row.

R frames of a row, F features of a frame.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seqloom.artifact.digest import digest_of_file, digest_of_value
from seqloom.artifact.input_file import require_file
from seqloom.corpus.feature_file import FeatureFile, parquet_schema
from seqloom.corpus.file_format import WITH_COLUMNS
from seqloom.corpus.framed_text import MOST_FRAMES
from seqloom.corpus.package_files import PACKAGE
from seqloom.corpus.pairs import Unreadable
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import further_columns, has_column
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

_ENDING = ".npy"


class FeatureListing:
    """The files of a table's rows, which `corpus.features` names; they lie in the table's folder or below."""

    def __init__(self, location: str, folder: Path, names: Mapping[int, str], counted: str = "line") -> None:
        """Take what a sentence calls the table, its folder, and names by the line or number of a row."""
        self._location, self._folder, self._names, self._counted = location, folder.resolve(), names, counted

    @classmethod
    def of(cls, file: SourceFile, section: CorpusSection) -> "FeatureListing":
        """Read the column of a table.

        Raises:
            UserError: the table is malformed.
        """
        rows = further_columns(file, section, [section.features], "corpus.features")
        names = {row[0]: row[1][0] for row in rows if not isinstance(row, Unreadable)}
        return cls(file.location, file.path.parent, names)

    @property
    def digest(self) -> str:
        """The digest of the bytes of all files, in the order of the rows.

        A row that leads to none counts as empty: what is wrong with it is told when it is read, if it is.

        Raises:
            UserError: a file cannot be read.
        """
        lines = dict[str, int]()
        for line, name in self._names.items():
            lines.setdefault(name, line)
        known = {name: self._digest_of_row(line) for name, line in lines.items()}
        return digest_of_value([known[name] for name in self._names.values()])

    def _digest_of_row(self, line: int) -> str:
        try:
            path = self.path(line)
        except UserError:
            return ""
        try:
            return digest_of_file(path)
        except OSError as error:
            raise self._unreadable(line, error) from None

    def _unreadable(self, line: int, error: OSError) -> UserError:
        return UserError(f"{self.row(line)}: cannot be read ({error.strerror}); give a file that can")

    def row(self, line: int) -> str:
        """Return what a sentence calls the features of a row."""
        return f"{self._location} {self._counted} {line} ({self._names.get(line, '')[:200]})"

    def value(self, line: int) -> tuple[NDArray[Any], str]:
        """Return the features of a row, and what a sentence calls them.

        Raises:
            UserError: as of `array`.
        """
        return self.array(line), self.row(line)

    def path(self, line: int) -> Path:
        """Return the file of a row.

        Raises:
            UserError: the row names none, or it is missing or lies elsewhere.
        """
        name, row = self._names.get(line, "").strip(), self.row(line)
        if not name:
            raise UserError(
                f"{self._location} {self._counted} {line} has no features: name a {_ENDING} file in corpus.features"
            )
        if not name.lower().endswith(_ENDING):
            raise UserError(
                f"{row}: features are named as {_ENDING} files; write them with numpy.save, or as vectors into Parquet"
            )
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder):
                raise UserError(f"{row}: leads out of the folder of {self._location}; put its features below it")
            require_file(path, "write it, or correct the row", f"{row}:")
        except UserError:
            raise
        except (OSError, ValueError) as error:  # such as a name that is too long
            raise UserError(f"{row}: cannot be read ({error}); correct the name of its features") from None
        return path

    def array(self, line: int) -> NDArray[Any]:
        """Return the features of a row: `(F,)` or `(R, F)` if they are good.

        Raises:
            UserError: its file is missing, cannot be read, or holds no array of numbers.
        """
        path = self.path(line)
        try:
            with path.open("rb") as file:
                np.lib.format.read_magic(file)  # an archive of arrays, or a pickle, is none
            found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        except OSError as error:
            raise self._unreadable(line, error) from None
        except Exception as error:  # whatever NumPy raises of a damaged file, to want of memory
            raise UserError(
                f"{self.row(line)}: is no {_ENDING} file of numbers ({str(error)[:100]}); write it with numpy.save"
            ) from None
        if found.ndim > 2 or (found.ndim == 2 and len(found) > MOST_FRAMES):  # before it is read
            raise UserError(
                f"{self.row(line)}: is an array of {' × '.join(map(str, found.shape))}; give frames × features, "
                f"{MOST_FRAMES:,} frames at most"
            )
        return np.array(found)  # a map would keep its file open


def listed_features(file: SourceFile, section: CorpusSection) -> FeatureFile | None:
    """Return the features that a column of a table names; None if there is no such column, or Parquet has them in it.

    Raises:
        UserError: the table is malformed, or was fetched.
    """
    if file.format not in WITH_COLUMNS or not _names_files(file, section):
        return None
    if "://" in file.location and not file.location.startswith(PACKAGE):
        raise UserError(
            f"{file.location}: its column {section.features!r} names files, and none is beside what comes from "
            "elsewhere; give local files, or Parquet with a column of features"
        )
    return FeatureFile(file.path.parent, FeatureListing.of(file, section).digest, listed=True)


def _names_files(file: SourceFile, section: CorpusSection) -> bool:
    if file.format != "parquet":
        return has_column(file, section, section.features)
    return has_texts(parquet_schema(file.path, file.location), section.features)


def has_texts(schema: pa.Schema, column: str) -> bool:
    """Return whether a Parquet file has a column of texts, which are no features but may name them."""
    if column not in schema.names:
        return False
    held = schema.field(column).type
    held = held.value_type if pa.types.is_dictionary(held) else held
    return any(is_text(held) for is_text in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))
