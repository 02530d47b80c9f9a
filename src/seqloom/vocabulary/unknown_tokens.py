"""How much of the validation text a vocabulary does not know, and when that is too much."""

from collections.abc import Mapping

from seqloom.errors import UserError

SPELT = ("bpe", "unigram", "char")  # kinds that spell any text, a rare character by its bytes: nothing is unknown
MUCH = 0.1  # of the tokens: a warning
TOO_MUCH = 0.5  # of the tokens: no model can learn from text that is mostly one symbol
_FEW = 5  # tokens of which nothing follows
_REMEDY = f"vocabulary.kind {', '.join(SPELT[:-1])} or {SPELT[-1]}, which spell any text"


def check_unknown(kind: str, shares: Mapping[str, float], tokens: Mapping[str, int]) -> None:
    """Refuse a vocabulary to which most of a side of the validation text, `tokens` long, is unknown.

    Raises:
        UserError: it is so, as where a sentence without spaces is one word.
    """
    for side, share in shares.items():
        if share > TOO_MUCH and tokens[side] >= _FEW:
            raise UserError(
                f"vocabulary.kind {kind}: {share:.1%} of the tokens of the validation {side} are unknown, as in text "
                f"without spaces between its words: set {_REMEDY}, or raise vocabulary.size if it is small"
            )


def unknown_told(shares: Mapping[str, float]) -> str:
    """Return a warning where much is unknown; nothing else."""
    much = [f"{share:.1%} of the validation {side}" for side, share in shares.items() if share > MUCH]
    return f"{' and '.join(much)} is unknown to the vocabulary: {_REMEDY}, know it" if much else ""
