"""Scores of generated text, each with the signature that lets another team repeat it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

METRICS = {"bleu": "BLEU", "chrf": "chrF"}
"""The scores and their names."""

_WORDLESS = {"zh": "zh", "ja": "char", "ko": "char"}  # scripts that the spaces of 13a would not cut into words


@dataclass(frozen=True)
class Score:
    """One figure, 0 to 100, and how it was arrived at."""

    name: str
    value: float
    signature: str  # sacreBLEU's: references, case, tokenisation, smoothing, version


def text_scores(
    hypotheses: Sequence[str], references: Sequence[str], language: str, short: bool = False
) -> dict[str, Score]:
    """Corpus BLEU (Papineni et al. 2002) and chrF (Popović 2015), as sacreBLEU (Post 2018) defines them.

    `language` is the ISO 639 code of the target, empty if unknown; it decides how BLEU finds words. An empty
    hypothesis is allowed and earns nothing. `short` leaves out n-grams longer than every text, which would make BLEU 0.
    """
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    scores = {}
    for name in METRICS:
        metric = metric_of(name, language, short)
        value = metric.corpus_score(hypotheses, [references]).score
        scores[name] = Score(name, value, metric.get_signature().format())
    return scores


def metric_of(name: str, language: str, short: bool = False) -> BLEU | CHRF:
    """SacreBLEU's `bleu` or `chrf` for a target language."""
    # force: sacreBLEU would otherwise log a warning where many lines end in a spaced full stop; they may.
    if name == "chrf":
        return CHRF()
    return BLEU(tokenize=bleu_tokenisation(language), force=True, effective_order=short)


def sentence_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """ChrF of each row: for finding the bad ones, not for averaging."""
    metric = CHRF()
    pairs = zip(hypotheses, references, strict=True)
    return [metric.sentence_score(hypothesis, [reference]).score for hypothesis, reference in pairs]


def bleu_tokenisation(language: str) -> str:
    """The sacreBLEU tokeniser for a target language, such as `zh` for zh, zh-TW and ZH_cn."""
    primary = language.replace("_", "-").partition("-")[0].lower()
    if primary == "ja" and find_spec("MeCab") and find_spec("ipadic"):
        return "ja-mecab"
    return _WORDLESS.get(primary, "13a")
