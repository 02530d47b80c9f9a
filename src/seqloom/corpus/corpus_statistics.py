"""What was counted while a corpus was read, and when too much of it cannot be read."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from seqloom.corpus.alphabet import Alphabet
from seqloom.corpus.pairs import Unreadable
from seqloom.errors import UserError

_EXAMPLE = 200  # characters of a text in the facts
_TOLD = 3  # reasons in a sentence
_WRONG_FILE = 10  # unreadable rows that, being most of a file, are no chance


@dataclass
class Legibility:
    """How many rows were read, or of running text lines, and how many could not be."""

    read: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)  # by reason
    first: dict[str, Unreadable] = field(default_factory=dict)  # of each reason

    def note(self, row: Unreadable) -> None:
        """Count a row that cannot be read."""
        self.unreadable[row.reason] += 1
        self.first.setdefault(row.reason, row)

    def add(self, other: "Legibility") -> None:
        """Take those of another file."""
        self.read += other.read
        self.unreadable.update(other.unreadable)
        self.first = other.first | self.first

    def exceeds(self, share: float) -> bool:
        """Whether more than a share cannot be read."""
        return self.unreadable.total() > share * self.read

    def told(self, where: str) -> str:
        """The commonest reasons, each with its first place."""
        reasons = [
            f"{times:,} for {reason}, first {row.place} line {row.line}: {row.problem}"
            for reason, times in self.unreadable.most_common(_TOLD)
            for row in (self.first[reason],)
        ]
        return f"{self.unreadable.total():,} of {self.read:,} rows of {where} cannot be read ({' | '.join(reasons)})"


@dataclass
class CorpusStatistics:
    """What was counted on the way."""

    by_lines: bool = False  # of running text the lines are read, and the rows are passages
    read: Counter[str] = field(default_factory=Counter)  # by split whose files they are in
    rows: Counter[str] = field(default_factory=Counter)  # by split
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)  # by split likewise, and reason
    rejects: dict[str, dict[str, object]] = field(default_factory=dict)  # the first of each reason
    lengths: dict[tuple[str, str], Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )  # rows of each, by split and side
    alphabet: Alphabet = field(default_factory=Alphabet)  # of the training split
    files: dict[tuple[str, str], Legibility] = field(default_factory=dict)  # by split likewise, and place

    def found(self, given_for: str, origin: str, line: int) -> Legibility:
        """Count a row that was come across, and return what is known of its file."""
        self.read[given_for] += 1
        file = self.files.get((given_for, origin))
        if file is None:
            file = self.files[given_for, origin] = Legibility()
        file.read = max(file.read, line) if self.by_lines else file.read + 1
        return file

    def keep(self, split: str, source: str, target: str) -> None:
        """Count a pair that is kept."""
        self.rows[split] += 1
        if split == "train":
            self.alphabet.add(source, target)
        for side, text in (("source", source), ("target", target)):
            self.lengths[split, side][len(text)] += 1

    def reject(
        self, given_for: str, reason: str, source: str, target: str, origin: str, line: int, problem: str = ""
    ) -> None:
        """Count a pair that is not."""
        self.rejected[given_for, reason] += 1
        shown = {"source": source[:_EXAMPLE], "target": target[:_EXAMPLE], "file": origin, "line": line}
        self.rejects.setdefault(reason, shown | ({"problem": problem} if problem else {}))

    @property
    def unreadable(self) -> int:
        """Rows that could not be read."""
        return sum(file.unreadable.total() for file in self.files.values())

    def check_legible(self, share: float) -> None:
        """Refuse a corpus of which too much cannot be read: what is lost might be all of one kind.

        A share of the rows of each split is forgiven, but no file of which most is lost.

        Raises:
            UserError: it is so.
        """
        splits: dict[str, Legibility] = {}
        for (given_for, _), file in self.files.items():
            splits.setdefault(given_for, Legibility()).add(file)
        for given_for, split in splits.items():
            if split.exceeds(share):
                raise UserError(
                    f"{split.told(f'corpus.{given_for}')}: more than corpus.max_reject_share ({share:g}) forgives; "
                    "correct them, or raise it"
                )
        for (_, origin), file in self.files.items():
            if file.unreadable.total() >= _WRONG_FILE and file.exceeds(max(share, 0.5)):
                raise UserError(f"{file.told(origin)}: it is not the file that it should be; correct or remove it")
