"""Where the features of a text's rows are: in a column of its Parquet file, or in NumPy files beside it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.artifact.digest import digest_of_file
from seqloom.corpus.compression import PACKED
from seqloom.corpus.package_files import PACKAGE
from seqloom.errors import UserError
from seqloom.recipe.strict_yaml import shortened

ENDINGS = (".npy", ".npz")


@dataclass(frozen=True)
class FeatureFile:
    """The file beside a text with the features of its rows."""

    path: Path
    digest: str  # of its bytes
    listed: bool = False  # they are files of their own, which a column of the text names; `path` is its folder


def feature_file(text: Path, location: str, form: str, features: str) -> FeatureFile | None:
    """Return the file beside a text with its features: for `a.tsv` or `a.en.gz` and features `mfcc`, `a.mfcc.npy`.

    None if they are a column of the text's file, which is Parquet. It is in the folder of the text, whatever the name;
    text that was fetched to this machine has no folder.

    Raises:
        UserError: there is none, or both kinds, or `features` is no part of a file's name.
    """
    columns = parquet_schema(text, location).names if form == "parquet" else []
    if features in columns:
        return None
    if not features.isprintable() or set(features) & set("/\\"):
        raise UserError(f"corpus.features: {features!r} is no part of the name of a file beside {location}; rename it")
    shown = f" ({', '.join(column[:40] for column in columns[:20])})" if columns else ""
    if "://" in location and not location.startswith(PACKAGE):
        raise UserError(
            f"{location}: has no column {features!r}{shown}, and no file is beside what comes from elsewhere; give "
            "local files, or Parquet with a column of features"
        )
    names = [f"{_stem(text.name)}.{features}{ending}" for ending in ENDINGS]
    try:
        found = [path for name in names if (path := text.with_name(name)).is_file()]
        files = [FeatureFile(path, digest_of_file(path)) for path in found[:1]]
    except OSError as error:  # such as a name that is too long
        raise UserError(
            f"{shortened(location, 300)}: the file {shortened(names[0], 300)} beside it cannot be read "
            f"({error.strerror}); correct corpus.features"
        ) from None
    if len(found) == 1:
        return files[0]
    if found:
        raise UserError(f"{location}: has features in both {names[0]} and {names[1]}; leave one of them")
    raise UserError(
        f"{location}: has no column {features!r}{shown}, which a Parquet file may have, and beside it is neither "
        f"{names[0]} nor {names[1]}; name or write its features"
    )


def parquet_schema(file: Path, location: str) -> pa.Schema:
    """Return the schema of a Parquet file.

    Raises:
        UserError: it cannot be read.
    """
    try:
        return pq.read_schema(file)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{location}: not a Parquet file that can be read ({str(error)[:200]}); write or copy it again"
        ) from None


def _stem(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    while ending.lower() in PACKED and "." in stem:
        stem, _, ending = stem.rpartition(".")
    return stem or name
