"""Drift of what a model is asked against what it has learned from: lengths, words, labels and confidence."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqloom.corpus.corpus_files import iterate_split
from seqloom.corpus.normalization import normalize
from seqloom.corpus.personal_data import PersonalData
from seqloom.evaluation.metric_words import words_of
from seqloom.feedback.population_stability import BINS, counts_in_bins, index_by_chance, stability_index

READ = 50_000  # rows of a split at most
NEW = "in no training text"


@dataclass(frozen=True)
class DriftScore:
    """How far one property moved."""

    name: str  # lengths, words, labels or confidence
    index: float  # PSI
    by_chance: float  # a PSI that two samples of these sizes may have, of one distribution
    expected: str  # in words, of what was learned
    found: str  # and of what was asked
    bins: list[tuple[str, float, float]]  # name, and shares of the two

    def exceeds(self, limit: float) -> bool:
        """Return whether it moved by more than the limit, and by more than chance."""
        return self.index > max(limit, self.by_chance)


def drift_scores(asked: Mapping[str, str], corpora: Sequence[Path], labeled: bool, language: str) -> list[DriftScore]:
    """Compare texts that were asked, with their answers, to the corpora in folders, the model's own first.

    Lengths and labels are compared with the training split. Words are compared by how often training has them, with
    what the own validation split has of each: held-out text of the same kind has words that are new, too.
    """
    sources = _column(corpora, "train", "source")
    targets = _column(corpora, "train", "target") if labeled else []
    found = [_comparable(text) for text in asked]
    bands = WordBands.of(sources, language)
    held_out = _column(corpora[:1], "validation", "source") or sources
    scores = [
        score_of_numbers("lengths", list(map(len, sources)), list(map(len, found)), "median {:.0f} characters"),
        _score_of_words(bands.counts(held_out), bands.counts(found), len(held_out), len(found)),
    ]
    return [*scores, _score_of_labels(Counter(targets), Counter(asked.values()))] if labeled else scores


def score_of_numbers(name: str, expected: Sequence[float], found: Sequence[float], words: str) -> DriftScore:
    """Compare two samples of a number, in bins that end at deciles of what is expected; neither is empty."""
    before, after, names = counts_in_bins(expected, found)
    medians = (words.format(statistics.median(each)) for each in (expected, found))
    return _score(name, before, after, names, (len(expected), len(found)), *medians)


def _score(
    name: str,
    before: Sequence[int],
    after: Sequence[int],
    names: Sequence[str],
    rows: tuple[int, int],
    expected: str,
    found: str,
) -> DriftScore:
    shares = ([count / max(1, sum(counts)) for count in counts] for counts in (before, after))
    bins = list(zip(names, *shares, strict=True))
    by_chance = index_by_chance(*rows, len(names))
    return DriftScore(name, stability_index(before, after), by_chance, expected, found, bins)


@dataclass(frozen=True)
class WordBands:
    """Words in bands by how often the training text has them; each band has a tenth of its running words."""

    band: Mapping[str, int]
    language: str

    @classmethod
    def of(cls, texts: Iterable[str], language: str) -> "WordBands":
        """Put the words of the training text into bands, the most frequent ones first."""
        counts = Counter[str]()
        for text in texts:
            counts.update(words_of(text, language))
        band, before, total = dict[str, int](), 0, counts.total()
        for word, count in counts.most_common():
            band[word] = before * BINS // total
            before += count
        return cls(band, language)

    def counts(self, texts: Iterable[str]) -> list[int]:
        """Return the running words of texts in each band; the last is of words that no training text has."""
        counts = [0] * (BINS + 1)
        for text in texts:
            for word in words_of(text, self.language):
                counts[self.band.get(word, BINS)] += 1
        return counts


def _score_of_words(before: list[int], after: list[int], expected_texts: int, found_texts: int) -> DriftScore:
    """Compare bands of words; chance counts texts, for the words of one text are no independent draws."""
    used = [at for at in range(BINS + 1) if before[at] or after[at]]
    names = [NEW if at == BINS else f"tenth {at + 1} by frequency" for at in used]
    before, after = ([counts[at] for at in used] for counts in (before, after))
    new = [bins[-1] / max(1, sum(bins)) if NEW in names else 0.0 for bins in (before, after)]
    words = (f"{share:.1%} of words {NEW}" for share in new)
    return _score("words", before, after, names, (expected_texts, found_texts), *words)


def _score_of_labels(before: Counter[str], after: Counter[str]) -> DriftScore:
    names = sorted(before.keys() | after.keys())
    expected, found = ([each[name] for name in names] for each in (before, after))
    words = [
        ", ".join(f"{name} {count / each.total():.0%}" for name, count in each.most_common(3))
        for each in (before, after)
    ]
    return _score("labels", expected, found, names, (before.total(), after.total()), *words)


def _column(corpora: Sequence[Path], split: str, side: str) -> list[str]:
    """Return one side of a split, of each corpus the same number of rows at most."""
    texts: list[str] = []
    for number, corpus in enumerate(corpora, 1):
        most = READ * number // len(corpora)
        for frame in iterate_split(corpus, split, [side]):
            texts += frame[side].head(most - len(texts)).tolist()
            if len(texts) >= most:
                break
    return [_comparable(text) for text in texts] if side == "source" else texts


def _comparable(text: str) -> str:
    """Return a text as the request log and the corpus have it: normalized, without personal data."""
    return PersonalData().replace(normalize(text), "")[0]
