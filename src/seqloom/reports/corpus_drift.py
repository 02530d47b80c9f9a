"""Drift of a corpus against the one that the champion was trained on."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from seqloom.corpus.corpus_files import iterate_split
from seqloom.evaluation.metric_words import words_of

READ = 100_000  # training pairs of each corpus at most


@dataclass(frozen=True)
class DriftLimits:
    """From where on a shift is large."""

    unknown_share: float = 0.1  # of the running words that the champion's corpus lacks, at most
    shared_words: float = 0.5  # of the words of both (Jaccard), at least
    length_shift: float = 0.25  # of a mean length, relative, at most
    label_shift: float = 0.1  # total variation distance of the label shares, at most


DRIFT_LIMITS = DriftLimits()


@dataclass(frozen=True)
class DriftMeasure:
    """One comparison of two corpora."""

    name: str
    before: str
    after: str
    warning: str = ""  # a sentence, where the shift is large

    @property
    def warns(self) -> bool:
        """True if the shift is large."""
        return bool(self.warning)


@dataclass(frozen=True)
class Drift:
    """All comparisons with the champion's corpus."""

    champion: str
    measures: list[DriftMeasure]

    @property
    def warnings(self) -> list[str]:
        """A sentence for each large shift."""
        return [each.warning for each in self.measures if each.warning]


@dataclass(frozen=True)
class _Sample:
    words: Counter[str]  # of the sources
    labels: Counter[str]  # the targets, of a labeled corpus
    lengths: dict[str, float]  # mean characters by side

    @classmethod
    def of(cls, folder: Path, labeled: bool) -> "_Sample":
        words, labels, characters, rows = Counter[str](), Counter[str](), Counter[str](), 0
        for frame in iterate_split(folder, "train"):
            part = frame.head(READ - rows)
            rows += len(part)
            for text in part["source"]:
                words.update(words_of(text, ""))
            if labeled:
                labels.update(part["target"])
            characters.update({side: int(part[side].str.len().sum()) for side in ("source", "target")})
            if rows >= READ:
                break
        sides = ("source",) if labeled else ("source", "target")
        return cls(words, labels, {side: characters[side] / max(1, rows) for side in sides})


def drift_of(before: Path, after: Path, champion: str, labeled: bool, limits: DriftLimits = DRIFT_LIMITS) -> Drift:
    """Compare the training splits of two corpora, up to `READ` pairs of each."""
    old, new = _Sample.of(before, labeled), _Sample.of(after, labeled)
    labels = [_labels(old, new, limits)] if labeled else []
    return Drift(champion, [*_words(old, new, limits), *_lengths(old, new, limits), *labels])


def _words(old: _Sample, new: _Sample, limits: DriftLimits) -> list[DriftMeasure]:
    known = sum(count for word, count in new.words.items() if word in old.words) / max(1, new.words.total())
    union = len(old.words.keys() | new.words.keys())
    shared = len(old.words.keys() & new.words.keys()) / max(1, union)
    unknown_warning = (
        f"{1 - known:.1%} of the running words are not in the champion's corpus."
        if 1 - known > limits.unknown_share
        else ""
    )
    few_shared = f"Only {shared:.0%} of the words of both corpora are in both." if shared < limits.shared_words else ""
    return [
        DriftMeasure("running words the champion's corpus has", "100.0%", f"{known:.1%}", unknown_warning),
        DriftMeasure(
            f"different words ({shared:.0%} of all in both)", f"{len(old.words):,}", f"{len(new.words):,}", few_shared
        ),
    ]


def _lengths(old: _Sample, new: _Sample, limits: DriftLimits) -> list[DriftMeasure]:
    found = []
    for side, length in new.lengths.items():
        before = old.lengths[side]
        shift = abs(length - before) / max(before, 1e-9)
        warning = f"The mean {side} has {length:.0f} characters, where the champion's corpus has {before:.0f}."
        found.append(
            DriftMeasure(
                f"mean characters of a {side}",
                f"{before:.1f}",
                f"{length:.1f}",
                warning if shift > limits.length_shift else "",
            )
        )
    return found


def _labels(old: _Sample, new: _Sample, limits: DriftLimits) -> DriftMeasure:
    """Return the total variation distance of the labels' shares."""
    names = old.labels.keys() | new.labels.keys()
    share = {
        name: (old.labels[name] / max(1, old.labels.total()), new.labels[name] / max(1, new.labels.total()))
        for name in names
    }
    distance = sum(abs(one - other) for one, other in share.values()) / 2
    moved = max(names, key=lambda name: abs(share[name][1] - share[name][0]), default="")
    warning = f"{distance:.0%} of the labels moved, most of all {moved}." if distance > limits.label_shift else ""
    before, after = (", ".join(f"{name} {share[name][at]:.0%}" for name in sorted(names)[:6]) for at in (0, 1))
    return DriftMeasure(f"labels ({distance:.0%} moved)", before, after, warning)
