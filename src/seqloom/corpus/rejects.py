"""Rejects: rows that cannot be used whatever the filters say, and the limit on the share of unreadable ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from seqloom.corpus.pairs import EMPTY_SOURCE, EMPTY_TARGET, NO_KEY, TOO_LONG, RawPair, Unreadable
from seqloom.corpus.running_text import is_blank
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

_REASONS = 10  # reasons in a sentence
_WRONG_FILE = 10  # unreadable rows from which on a mostly unreadable file is refused


def reject_reason(raw: RawPair | Unreadable, source: str, target: str, section: CorpusSection) -> str:
    """Return why a row, with its sides in normal form, is rejected; empty if it is not.

    What the reader knows comes first (it cannot be read, or is unfinished), then an empty side, then the length.
    """
    if isinstance(raw, Unreadable):
        return raw.reason
    if section.format == "running":  # a passage may be of line ends alone, and is cut to its length
        return EMPTY_SOURCE if is_blank(source) else ""
    if raw.flaw:
        return raw.flaw
    if not source or not target:
        return EMPTY_TARGET if source else EMPTY_SOURCE
    return TOO_LONG if max(len(source), len(target)) > section.max_characters else ""


@dataclass
class RowCounts:
    """Counts of rows, or of lines of running text, that were read and that could not be."""

    read: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)  # by reason
    first: dict[str, Unreadable] = field(default_factory=dict)  # of each reason

    def note(self, row: Unreadable) -> None:
        """Count a row that cannot be read."""
        self.unreadable[row.reason] += 1
        self.first.setdefault(row.reason, row)

    def add(self, other: "RowCounts") -> None:
        """Add the counts of another file."""
        self.read += other.read
        self.unreadable.update(other.unreadable)
        self.first = other.first | self.first

    def exceeds(self, share: float) -> bool:
        """Return whether more than `share` of the rows is unreadable."""
        return self.unreadable.total() > share * self.read

    @property
    def lacks_column(self) -> bool:
        """Return whether no row has a key that the recipe names: what a table's header would have said."""
        return 0 < self.read == self.unreadable[NO_KEY]

    def summary(self, where: str) -> str:
        """Return a sentence with the most common reasons, each with its first occurrence."""
        reasons = [
            f"{times:,} for {reason}, first {row.location} line {row.line}: {row.problem}"
            for reason, times in self.unreadable.most_common(_REASONS)
            for row in (self.first[reason],)
        ]
        return f"{self.unreadable.total():,} of {self.read:,} rows of {where} cannot be read ({' | '.join(reasons)})"


def check_reject_share(files: Mapping[tuple[str, str], RowCounts], share: float) -> None:
    """Refuse a corpus with too many unreadable rows, for what is lost might be all of one kind.

    `files` has the counts by split of the files and location.

    Raises:
        UserError: more than `share` of the rows of a split is unreadable, or most of a file, or all for want of a key.
    """
    splits: dict[str, RowCounts] = {}
    for (given_for, _), file in files.items():
        splits.setdefault(given_for, RowCounts()).add(file)
    for given_for, split in splits.items():
        if split.exceeds(share):
            raise UserError(
                f"{split.summary(f'corpus.{given_for}')}: more than corpus.max_reject_share ({share:g}) forgives; "
                "correct them, or raise it"
            )
    for (_, origin), file in files.items():
        if file.lacks_column:  # however few: those of a person's corrections are
            raise UserError(f"{file.summary(origin)}: name its columns where the recipe names the file")
        if file.unreadable.total() >= _WRONG_FILE and file.exceeds(max(share, 0.5)):
            raise UserError(f"{file.summary(origin)}: it is not the file that it should be; correct or remove it")
