"""What a version answers at most: its memory and its time are shared by all who ask."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding, Recipe, Serving

WRITTEN_AT_ONCE = 2048  # hypotheses of a batch: a wide beam has fewer texts in it
NO_END = 1 << 62  # rows that may wait where nobody says how many
NUMBERS_OF_LABELS = 2_000_000  # probabilities in one answer, which is a table


@dataclass(frozen=True)
class RequestLimits:
    """Of the section `serving` of a version's recipe; what its own section `decoding` says is never too much."""

    serving: "Serving"
    own: "Decoding"
    labels: int = 0  # whose probabilities belong to each answer

    @classmethod
    def of(cls, recipe: "Recipe", labels: int = 0) -> "RequestLimits":
        """Those of a recipe, checked or read."""
        return cls(recipe.serving, recipe.decoding, labels)

    def check_rows(self, rows: int, attention: bool) -> None:
        """Nothing, where a request may have so many rows, before any of them is looked at.

        Raises:
            UserError: it may not.
        """
        _refuse("a request of", rows, self.serving.rows, "serving.rows", "rows")
        if attention:
            _refuse("return_attention for", rows, self.serving.attention_rows, "serving.attention_rows", "rows")
        if rows * self.labels > NUMBERS_OF_LABELS:
            most = NUMBERS_OF_LABELS // self.labels
            raise UserError(
                f"a request of {rows:,} rows: with {self.labels:,} labels this version answers {most:,} at once, "
                "ask in parts"
            )

    def check(self, decoding: "Decoding", characters: int) -> None:
        """Nothing, where a request may ask for this of texts of so many characters.

        Raises:
            UserError: it may not.
        """
        for field in ("beam_size", "num_samples", "max_length", "batch_size"):
            most = max(getattr(self.serving, field), getattr(self.own, field))
            _refuse(f"params: {field} is", getattr(decoding, field), most, f"serving.{field}")
        _refuse("a request of", characters, self.serving.characters, "serving.characters", "characters")


def rows_at_once(decoding: "Decoding") -> int:
    """Texts of a batch."""
    width = decoding.num_samples if decoding.method == "sample" else decoding.beam_size
    return min(decoding.batch_size, max(1, WRITTEN_AT_ONCE // width))


def _refuse(what: str, asked: int, most: int, field: str, unit: str = "") -> None:
    if asked > most:
        unit = f" {unit}" if unit else ""
        raise UserError(
            f"{what} {asked:,}{unit}, and this version gives {most:,} at most ({field} of its recipe): ask for less"
            + (", or in parts" if unit else "")
        )
