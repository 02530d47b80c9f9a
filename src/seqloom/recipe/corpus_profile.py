"""Size and script of a corpus, which adaptive defaults are chosen by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALPHABETIC = 3.5  # characters per subword token
UNSEGMENTED = 1.6  # likewise, for scripts without spaces between words


@dataclass(frozen=True)
class CorpusProfile:
    """Statistics of the training split; they follow from the text alone, the same on every machine."""

    rows: int
    characters: tuple[float, float]  # of all sources, and of all targets
    distinct_characters: tuple[int, int]  # of either side
    spaces: tuple[float, float]  # share of the characters
    hangul: tuple[float, float]  # share of the characters that are Hangul syllables
    common_characters: float  # share of the targets' characters that sources have too
    characters_per_token: float = 0.0  # 0: as subwords of the script have

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "CorpusProfile":
        """Read it from the facts of the corpus stage."""
        rows, alphabet = facts["rows"]["train"], facts["alphabet"]
        characters, source, target = facts["characters"]["train"], alphabet["source"], alphabet["target"]
        return cls(
            rows=rows,
            characters=(rows * characters["source"], rows * characters["target"]),
            distinct_characters=(source["distinct"], target["distinct"]),
            spaces=(source["spaces"], target["spaces"]),
            hangul=(source["hangul"], target["hangul"]),
            common_characters=alphabet["common"],
        )

    def tokens(self, side: int) -> int:
        """Return an estimate of the tokens of a side (0: source, 1: target)."""
        of_script = UNSEGMENTED if self.unsegmented(side) else ALPHABETIC
        return max(1, round(self.characters[side] / (self.characters_per_token or of_script)))

    def unsegmented(self, side: int) -> bool:
        """Return whether a side has no spaces between words; in English one in six characters is a space."""
        return self.spaces[side] < 0.06

    @property
    def batched_tokens(self) -> int:
        """Return the tokens of an epoch as `training.batch_tokens` counts them: those of the longer side."""
        return max(self.tokens(0), self.tokens(1))
