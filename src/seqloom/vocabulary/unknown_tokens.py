"""Share of unknown tokens in the validation text: a warning, and a limit."""

from collections.abc import Mapping

from seqloom.errors import UserError

MUCH = 0.1  # of the tokens: a warning
TOO_MUCH = 0.5  # of the tokens: no model can learn from text that is mostly one symbol
_FEW = 5  # tokens, too few to judge
_REMEDY = "vocabulary.kind bpe, unigram or char, which spell any text"  # by byte fallback


def check_unknown(kinds: Mapping[str, str], shares: Mapping[str, float], tokens: Mapping[str, int]) -> None:
    """Refuse a vocabulary for which most tokens of a side of the validation text are unknown.

    Raises:
        UserError: over `TOO_MUCH` of the tokens is unknown, as in text without spaces between words.
    """
    for side, share in shares.items():
        if share > TOO_MUCH and tokens[side] >= _FEW:
            raise UserError(
                f"vocabulary.kind {kinds[side]}: {share:.1%} of the tokens of the validation {side} are unknown, as in "
                f"text without spaces between its words: set {_REMEDY}, or raise vocabulary.size if it is small"
            )


def unknown_warning(shares: Mapping[str, float]) -> str:
    """Return a warning if more than `MUCH` is unknown, else an empty string."""
    much = [f"{share:.1%} of the validation {side}" for side, share in shares.items() if share > MUCH]
    return f"{' and '.join(much)} is unknown to the vocabulary: {_REMEDY}, know it" if much else ""
