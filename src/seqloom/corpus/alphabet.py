"""The characters of a corpus: how many there are, and how two languages share them."""

from collections import Counter

RARE = 1  # times: a character that comes no more often is noise


class Alphabet:
    """Counts the characters of both sides; its memory grows with the script and not with the text."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {"source": Counter(), "target": Counter()}

    def add(self, source: str, target: str) -> None:
        """Count a pair."""
        self.counts["source"].update(source)
        self.counts["target"].update(target)

    @property
    def facts(self) -> dict[str, object]:
        """Distinct characters and the share of spaces by side; the share of the targets' that sources have too."""
        source, target = self.counts["source"], self.counts["target"]
        known = {character for character, count in source.items() if count > RARE}
        common = sum(count for character, count in target.items() if character in known)
        return {
            "common": round(common / max(1, target.total()), 4),
            **{
                side: {
                    "distinct": sum(count > RARE for count in counts.values()),
                    "spaces": round(counts[" "] / max(1, counts.total()), 4),
                }
                for side, counts in self.counts.items()
            },
        }
