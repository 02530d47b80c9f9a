"""A column of texts as one array of code points, so that characters are looked up by numpy and not text by text.

What is asked of it are counts and memberships, for all texts at once; a text that needs more is left to the function of
one text, which decides. So a column saves time and changes no result.
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.normalization import WORD_MARK, fold_text

_POINTS = 0x110000
_UNKNOWN = 2


class CharacterClass:
    """A set of characters, given by a function that is asked once for each character that occurs."""

    def __init__(self, belongs: Callable[[str], bool]) -> None:
        self._belongs = belongs
        self._table = np.full(_POINTS, _UNKNOWN, np.uint8)

    def mask(self, codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Return which code points `(N,)` are in the class."""
        found = self._table.take(codes)  # in a third of the time of indexing
        if found.max(initial=0) == _UNKNOWN:
            for point in np.unique(codes[found == _UNKNOWN]).tolist():
                self._table[point] = self._belongs(chr(point))
            found = self._table.take(codes)
        return found.view(np.bool_)


class TextColumn:
    """Texts `(N,)`, each followed by a space in the array of their code points."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Return the number of characters of each text `(N,)`."""
        return np.fromiter(map(len, self.texts), np.int64, len(self.texts))

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        """Return the code points of all texts."""
        joined = " ".join((*self.texts, ""))
        return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Return where each text ends `(N,)`: the position of the space behind it."""
        return np.cumsum(self.lengths + 1) - 1

    def counts(self, kind: CharacterClass) -> NDArray[np.int64]:
        """Return how many characters of each text `(N,)` are in a class."""
        if not self.texts:
            return np.zeros(0, np.int64)
        found = kind.mask(self.codes).view(np.uint8)
        with_spaces: NDArray[np.int32] = np.add.reduceat(found, self.ends - self.lengths, dtype=np.int32)
        return with_spaces.astype(np.int64) - found[self.ends]

    def has(self, kind: CharacterClass) -> NDArray[np.bool_]:
        """Return which texts `(N,)` have a character of a class that has no space in it."""
        return self._with(np.flatnonzero(kind.mask(self.codes)))

    def _with(self, positions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which texts `(N,)` stand at some positions."""
        found = np.zeros(len(self.texts), bool)
        found[np.searchsorted(self.ends, positions)] = True
        return found

    @cached_property
    def folded(self) -> list[str]:
        """Return each text as `fold_text` folds it."""
        joined = "\0".join(self.texts)
        if joined.count("\0") >= max(1, len(self.texts)):
            return list(map(fold_text, self.texts))
        codes = np.frombuffer(joined.casefold().encode("utf-32-le", "surrogatepass"), "<u4")
        folded = codes[_ALPHANUMERIC.mask(codes) | (codes == 0)].tobytes().decode("utf-32-le", "surrogatepass")
        return [short or text for short, text in zip(folded.split("\0"), self.texts, strict=False)]

    @cached_property
    def may_be_unnormalized(self) -> NDArray[np.bool_]:
        """Return which texts `(N,)` are perhaps not in normal form; all others are, white space folded."""
        spaces = np.concatenate([[True], self.codes == ord(" ")])
        found = self._with(np.flatnonzero(spaces[1:] & spaces[:-1]))  # also a text that begins or ends with one
        return found | self.has(_CHANGEABLE)


def _is_changeable(character: str) -> bool:
    """Return whether normalizing a text may change this character, or join it with the one before."""
    if character <= "~":
        return character < " "
    inert = unicodedata.category(character)[0] in "LNPS" and unicodedata.normalize("NFC", character) == character
    jamo = "\u1100" <= character <= "\u11ff"
    return not inert or jamo or character == WORD_MARK or unicodedata.combining(character) != 0


_CHANGEABLE = CharacterClass(_is_changeable)
_ALPHANUMERIC = CharacterClass(str.isalnum)
