"""Reading vectors that somebody else trained: word2vec text and binary, GloVe, and the .vec of fastText."""

import gzip
import re
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from seqloom.mistake import UserMistake
from seqloom.vectors.aligning import Lookup
from seqloom.vocabulary.special import MARK

_FASTTEXT_MODEL = b"\xba\x16\x4f\x2f"  # head of a whole fastText model, which is more than its vectors
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # what numbers in binary are full of, and text is not
_LONGEST_LINE = 1 << 20  # bytes; 8192 numbers take some hundred thousand
_FORMATS = "give word2vec text or binary, GloVe, or fastText .vec"


@dataclass(frozen=True)
class _Layout:
    """What the head of a file says of the rest."""

    width: int  # numbers per token
    header: bool  # a first line with the number of tokens and the width; GloVe has none
    binary: bool


def read_pretrained(path: Path, width: int, field: str) -> Lookup:
    """Read the vectors in `path`, the value of the recipe's `field`, looked through .gz.

    A token is looked up as it is, then as a bare word without its mark, then in lower case.

    Raises:
        UserMistake: the file is missing, empty, malformed or damaged, or its vectors are not `width` numbers wide.
    """

    def refuse(what: str) -> UserMistake:
        return UserMistake(f"{field}: {path} {what}")

    if not path.is_file():
        raise refuse("is not a file: correct the path")
    try:
        layout = _layout(path, refuse)
        if layout.width != width:
            raise refuse(
                f"has vectors of width {layout.width}, the recipe {width}: set vectors.width to {layout.width}"
            )
        if not layout.binary:
            _check_lines(path, layout, refuse)
        vectors = _load(path, layout)
    except UserMistake:
        raise
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        raise refuse("ends too early or is damaged: fetch or export it again") from error
    except (ValueError, AssertionError) as error:  # gensim asserts what it reads
        raise refuse(f"is malformed ({error}): {_FORMATS}") from error
    if not np.isfinite(vectors.vectors).all():
        raise refuse("holds numbers that are infinite or no numbers: remove those rows")
    return _lookup(vectors)


def _layout(path: Path, refuse: Callable[[str], UserMistake]) -> _Layout:
    with _open(path) as file:
        first, sample = file.readline(_LONGEST_LINE), file.read(4096)
    if first.startswith(_FASTTEXT_MODEL):
        raise refuse("is a whole fastText model: give the .vec file that was written beside it")
    if not first.strip():
        raise refuse(f"is empty, or its first line is: {_FORMATS}")
    fields = first.rstrip().split(b" ")
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        binary = ".bin" in path.suffixes or _CONTROL.search(sample) is not None
        return _Layout(width=int(fields[1]), header=True, binary=binary)
    if len(fields) < 2 or not all(_is_number(field) for field in fields[1:]):
        raise refuse(f"has neither sizes nor a token with its numbers on line 1: {_FORMATS}")
    return _Layout(width=len(fields) - 1, header=False, binary=False)


def _check_lines(path: Path, layout: _Layout, refuse: Callable[[str], UserMistake]) -> None:
    """Find the line that is wrong: gensim would not say which, and spreads a single number over the whole row."""
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and layout.header:
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise refuse(f"is not UTF-8 on line {number}: convert it to UTF-8") from error
            numbers = len(line.rstrip().split(b" ")) - 1
            if numbers != layout.width:
                raise refuse(f"has {numbers} numbers on line {number}, not {layout.width}: mend or remove that line")


def _load(path: Path, layout: _Layout) -> Any:
    from gensim.models import KeyedVectors  # slow, and absent where only training runs

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # gensim opens a file without a header twice, and closes one
        return KeyedVectors.load_word2vec_format(str(path), binary=layout.binary, no_header=not layout.header)


def _lookup(vectors: Any) -> Lookup:
    def look_up(token: str) -> NDArray[np.float32] | None:
        bare = token.removeprefix(MARK)
        for form in (token, bare, bare.lower()):
            if form in vectors.key_to_index:
                return cast(NDArray[np.float32], vectors[form])
        return None

    return look_up


def _open(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
