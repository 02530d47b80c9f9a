"""Filter by identified language, with the naive Bayes model that py3langid carries (Lui and Baldwin 2012)."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from seqloom.corpus.filters.pair_filter import PairFilter, TextPair
from seqloom.errors import UserError
from seqloom.recipe.language_tags import language_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_SHORTEST = 20  # bytes of UTF-8, such as 7 Chinese characters: less text tells no language
_ALIKE = (
    *({"no", "nb", "nn", "da"}, {"hr", "sr", "bs"}, {"id", "ms"}, {"tl", "fil"}),
    *({"zh", "yue", "wuu"}, {"ar", "ary", "arz"}, {"uz", "uzs"}),
)
"""Languages that a sentence seldom tells apart: their probabilities are added."""


@dataclass(frozen=True)
class LanguageMatch(PairFilter):
    """A text is in its side's language with a probability of at least `least`; short texts are kept."""

    sides: tuple[str, ...]
    languages: tuple[frozenset[str], ...]  # of each of `sides`: codes of ISO 639 that count
    least: float

    def problem(self, pair: TextPair) -> str:
        """Return the first side that is in another language, and in which."""
        for side, known in zip(self.sides, self.languages, strict=True):
            text = pair.source if side == "source" else pair.target
            if len(text.encode()) < _SHORTEST:
                continue
            ranked = _identifier().rank(text)
            share = sum(probability for language, probability in ranked if language in known)
            if share < self.least:
                return f"{side}: {ranked[0][0]} rather than {min(known)} ({share:.1%})"
        return ""


def codes_of(tag: str, field: str) -> frozenset[str]:
    """Return the model's codes for a language.

    Raises:
        UserError: the model does not know it.
    """
    language = language_of(tag)
    code = language.code if language else ""
    alike = next((group for group in _ALIKE if code in group), {code})
    known = alike & set(_identifier().labels)
    if not known:
        raise UserError(
            f"{field} {tag}: the filter language cannot identify it; use script_share, or one side alone, as in "
            "target.language"
        )
    return frozenset(known)


def identified_language(text: str) -> str:
    """Return the code of the most probable language of a text; empty if it is too short to tell."""
    return _identifier().rank(text)[0][0] if len(text.encode()) >= _SHORTEST else ""


@cache
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
