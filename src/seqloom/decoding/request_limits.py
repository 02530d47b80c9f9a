"""Limits on a prediction request: rows, characters, beam size and so on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.recipe.schema import DecodingSection, Recipe, ServingSection

MAX_HYPOTHESES = 2048  # in a batch: the wider the beam, the fewer texts
UNLIMITED = 1 << 62  # rows that may wait, without a recipe
MAX_PROBABILITIES = 2_000_000  # in one answer: rows × labels


@dataclass(frozen=True)
class RequestLimits:
    """The limits of a recipe's section `serving`; values of its own section `decoding` are always allowed."""

    serving: "ServingSection"
    own: "DecodingSection"
    labels: int = 0  # whose probabilities are part of each answer

    @classmethod
    def of(cls, recipe: "Recipe", labels: int = 0) -> "RequestLimits":
        """Return the limits of a recipe."""
        return cls(recipe.serving, recipe.decoding, labels)

    def check_rows(self, rows: int, attention: bool) -> None:
        """Check the number of rows of a request, before any of them is read.

        Raises:
            UserError: there are too many.
        """
        _refuse("a request of", rows, self.serving.rows, "serving.rows", "rows")
        if attention:
            _refuse("return_attention for", rows, self.serving.attention_rows, "serving.attention_rows", "rows")
        if rows * self.labels > MAX_PROBABILITIES:
            most = MAX_PROBABILITIES // self.labels
            raise UserError(
                f"a request of {rows:,} rows: with {self.labels:,} labels this version answers {most:,} at once, "
                "ask in parts"
            )

    def check(self, decoding: "DecodingSection", characters: int) -> None:
        """Check the decoding options of a request, and the characters of all its texts.

        Raises:
            UserError: one exceeds its limit.
        """
        for field in ("beam_size", "num_samples", "max_length", "batch_size"):
            most = max(getattr(self.serving, field), getattr(self.own, field))
            _refuse(f"params: {field} is", getattr(decoding, field), most, f"serving.{field}")
        _refuse("a request of", characters, self.serving.characters, "serving.characters", "characters")


def rows_at_once(decoding: "DecodingSection") -> int:
    """Return the number of texts in a batch."""
    width = decoding.num_samples if decoding.method == "sample" else decoding.beam_size
    return min(decoding.batch_size, max(1, MAX_HYPOTHESES // width))


def _refuse(what: str, asked: int, most: int, field: str, unit: str = "") -> None:
    if asked > most:
        unit = f" {unit}" if unit else ""
        raise UserError(
            f"{what} {asked:,}{unit}, and this version gives {most:,} at most ({field} of its recipe): ask for less"
            + (", or in parts" if unit else "")
        )
