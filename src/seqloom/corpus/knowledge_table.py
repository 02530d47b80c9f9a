"""Knowledge table: terms and what is to be known of them, joined to a source that has the term."""

import csv
from collections.abc import Sequence
from pathlib import Path

from seqloom.artifact.input_file import require_file
from seqloom.corpus.normalization import normalize
from seqloom.errors import UserError
from seqloom.recipe.glossary import Term, terms_in

LONGEST_ENTRY = 500  # characters
ENTRIES = 5  # joined to a source at most


def read_knowledge(path: Path) -> list[Term]:
    """Read the rows term and entry of a CSV file, or of a TSV file by its name; UTF-8, without a header.

    Raises:
        UserError: the file cannot be read, or a row is not a term and an entry.
    """
    remedy = "correct corpus.knowledge"
    try:
        require_file(path, remedy)
        with path.open(encoding="utf-8-sig", newline="") as file:
            tabbed = path.suffix.lower() == ".tsv"
            reader = csv.reader(file, delimiter="\t" if tabbed else ",", quoting=csv.QUOTE_NONE if tabbed else 0)
            rows = [(reader.line_num, [normalize(field) for field in row]) for row in reader if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or ("is not UTF-8" if isinstance(error, UnicodeError) else error)
        raise UserError(f"{path}: cannot be read as a table ({reason}); {remedy}") from None
    if not rows:
        raise UserError(f"{path}: has no entry; write a term and what is to be known of it in each row")
    for line, row in rows:
        if len(row) != 2 or not all(row):
            raise UserError(f"{path} line {line}: {len(row)} fields of which none may be empty; write term and entry")
        if len(row[1]) > LONGEST_ENTRY:
            raise UserError(f"{path} line {line}: an entry of over {LONGEST_ENTRY} characters; shorten it")
    return [Term(term, (entry,)) for _, (term, entry) in rows]


class KnowledgeTable:
    """Entries by their term."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._by_term: dict[str, list[Term]] = {}
        for term in terms:
            self._by_term.setdefault(term.source.casefold(), []).append(term)
        self._lengths = sorted({len(term) for term in self._by_term})

    def entries_for(self, text: str) -> list[str]:
        """Return the entries of the terms in a text, in the order of the table; of overlapping terms the longer's."""
        folded = text.casefold()
        pieces = (folded[start : start + length] for start in range(len(folded)) for length in self._lengths)
        possible = [self._by_term[piece][0] for piece in dict.fromkeys(pieces) if piece in self._by_term]
        present = {term.source.casefold() for term in terms_in(text, possible)}
        entries = [entry for term, entries in self._by_term.items() if term in present for entry in entries]
        return list(dict.fromkeys(entry.targets[0] for entry in entries))[:ENTRIES]

    def rows(self) -> list[list[str]]:
        """Return the rows term and entry."""
        return [[term.source, term.targets[0]] for entries in self._by_term.values() for term in entries]
