"""Scores of generated text, each with the signature that lets another team repeat it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

METRICS = ("bleu", "chrf", "ter")

_WORDLESS = {"zh": "zh", "ja": "char", "ko": "char"}  # scripts that the spaces of 13a would not cut into words


@dataclass(frozen=True)
class Score:
    """One figure and how it was arrived at."""

    name: str
    value: float
    signature: str  # sacreBLEU's: references, case, tokenisation, smoothing, version


def text_scores(
    names: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], language: str, short: bool = False
) -> dict[str, Score]:
    """Corpus BLEU (Papineni et al. 2002), chrF (Popović 2015) and TER (Snover et al. 2006), as sacreBLEU defines them.

    `names` are some of `METRICS`. `language` is the ISO 639 code of the target, empty if unknown; it decides how BLEU
    and TER find words. An empty hypothesis is allowed and earns nothing. `short` leaves out n-grams longer than every
    text, which would make BLEU 0. SacreBLEU: Post 2018.
    """
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    scores = {}
    for name in names:
        metric = metric_of(name, language, short)
        value = metric.corpus_score(hypotheses, [references]).score
        scores[name] = Score(name, value, metric.get_signature().format())
    return scores


def metric_of(name: str, language: str, short: bool = False) -> BLEU | CHRF | TER:
    """SacreBLEU's metric of this name for a target language."""
    match name:
        case "chrf":
            return CHRF()
        case "ter":  # a character of Chinese or Japanese is a word to it; of Korean it knows the spaces alone
            wordless = _primary(language) in ("zh", "ja")
            return TER(normalized=wordless, asian_support=wordless)
    # force: sacreBLEU would otherwise log a warning where many lines end in a spaced full stop; they may.
    return BLEU(tokenize=bleu_tokenisation(language), force=True, effective_order=short)


def sentence_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """ChrF of each row: for finding the bad ones, not for averaging."""
    metric = CHRF()
    pairs = zip(hypotheses, references, strict=True)
    return [metric.sentence_score(hypothesis, [reference]).score for hypothesis, reference in pairs]


def bleu_tokenisation(language: str) -> str:
    """The sacreBLEU tokeniser for a target language, such as `zh` for zh, zh-TW and ZH_cn."""
    primary = _primary(language)
    if primary == "ja" and find_spec("MeCab") and find_spec("ipadic"):
        return "ja-mecab"
    return _WORDLESS.get(primary, "13a")


def _primary(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()
