"""Exact matches of a translation memory: texts whose answer a person has written already."""

from collections.abc import Iterable

from seqloom.corpus.normalization import normalize


class ExactMatches:
    """Targets by source; sources are equal if they are in Unicode's normal form and with single spaces."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        """Take pairs of source and target; of a source with several targets the last one stands."""
        self._targets = {normalize(source): target for source, target in pairs}

    def __len__(self) -> int:
        return len(self._targets)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each source, as it is compared, with its target."""
        return list(self._targets.items())

    def target(self, text: str) -> str | None:
        """Return the target of a text, None if it is not in the memory."""
        return self._targets.get(normalize(text))
