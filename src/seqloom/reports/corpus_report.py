"""The report of a corpus: counts by source and filter, lengths, ratios, overlap, random and suspicious pairs, drift."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.corpus_files import REPORT_FILE, iterate_split
from seqloom.corpus.filters.pair_filter import TextPair
from seqloom.corpus.row_keys import key_of_pair
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.evaluation.paired_bootstrap import Figures
from seqloom.evaluation.row_sample import digest_of_text
from seqloom.reports.corpus_drift import Drift
from seqloom.reports.html_page import Cell, Markup, of_corpus, page, paragraph, section, table, tag, text
from seqloom.reports.language_shares import alphabet_shares, language_shares
from seqloom.reports.svg_drawings import histogram

READ = 200_000  # training pairs at most that histograms and pairs are from
SHOWN = 10  # random pairs, and suspicious ones
_LONGEST = 300  # characters of a text
_COPY, _LETTERS = 20, 0.3  # characters from which a copy, and share of letters below which a target, is suspicious
_LENGTHS = (0, 10, 20, 40, 80, 160, 320, 640, 1280)  # characters
_RATIOS = (0, 0.25, 0.5, 0.8, 1.25, 2, 4)  # target by source
_ALIGNED_FROM, _ALIGNED = 1000, 50_000  # training pairs from which on, and at most, they are aligned
_ALIGNED_CELLS = 1_000_000  # a quarter of those of the filter: a second's work
_SCORES = (-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3)
_IDENTIFIED, _SPELLED = 300, 10_000  # texts whose languages are identified, and whose letters are counted

Section = tuple[str, Markup]


def corpus_report(folder: Path, title: str, labeled: bool, drift: Drift | None = None) -> str:
    """Return the page of the corpus stage in `folder`; targets of a `labeled` corpus have no lengths worth showing."""
    facts: dict[str, Any] = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8"))
    pairs = _first(iterate_split(folder, "train"))
    parts = [
        _splits(facts),
        *_normalized(facts),
        _rejected(facts),
        *_sources(facts),
        _lengths(pairs, labeled, facts["rows"]["train"]),
        *_labels(pairs, labeled),
        _languages(pairs, labeled),
        *_privacy(facts),
        *_drift(drift),
        _pairs(pairs, labeled),
        *alignment_of_pairs(pairs, labeled),
    ]
    return page(title, [_summary(facts, drift)], parts)


def _first(frames: Iterator[pd.DataFrame]) -> pd.DataFrame:
    """Return the first `READ` pairs."""
    found: list[pd.DataFrame] = []
    for frame in frames:
        found.append(frame)
        if sum(map(len, found)) >= READ:
            break
    return pd.concat(found, ignore_index=True).head(READ)


def _summary(facts: Mapping[str, Any], drift: Drift | None) -> Markup:
    rejected, kept, read = sum(facts["rejected"].values()), sum(facts["rows"].values()), facts["read"]
    sentences = [f"{kept:,} of {read:,} pairs kept; {rejected:,} rejected ({rejected / max(1, read):.1%})."]
    nearly = {split: share for split, share in facts.get("also_in_training", {}).items() if share}
    if nearly:
        listed = " and ".join(f"{share:.1%} of the {split} rows" for split, share in nearly.items())
        sentences.append(f"{listed} stand in the training text, but for case, spaces and punctuation.")
    if facts["overfit"]:
        sentences.append("Validation and test are the training text itself: scores tell nothing of other text.")
    warnings = drift.warnings if drift else []
    worrying = bool(nearly or facts["overfit"] or warnings)
    return tag("div", *map(paragraph, [*sentences, *warnings]), class_=f"verdict {'open' if worrying else 'good'}")


def _splits(facts: Mapping[str, Any]) -> Section:
    overlap = facts.get("also_in_training", {})
    rows = [
        [
            split,
            f"{facts['rows'][split]:,}",
            *(f"{facts['characters'][split][side]:,}" for side in SIDES),
            f"{overlap[split]:.1%}" if split in overlap else "",
        ]
        for split in SPLITS
    ]
    columns = ["split", "pairs", "mean characters of source", "of target", "also in training"]
    return section("Splits", table(columns, rows, (1, 2, 3, 4)))


def _normalized(facts: Mapping[str, Any]) -> Iterator[Section]:
    """Yield the rows that each normalizer changed, with examples."""
    if facts.get("normalized"):
        rows = [
            [
                Cell(of_corpus(name)),
                f"{of['rows']:,}",
                *(Cell(of_corpus("\n".join(each[key] for each in of["examples"]))) for key in ("before", "after")),
            ]
            for name, of in facts["normalized"].items()
        ]
        yield section("Normalized", table(["normalizer", "rows changed", "before", "after"], rows, (1,)))


def _rejected(facts: Mapping[str, Any]) -> Section:
    """Return rejects by reason, filters and duplicates among them, with the first of each."""
    counts, first, read = facts["rejected"], facts["rejects"], max(1, facts["read"])
    rows = [
        [
            reason,
            f"{count:,}",
            f"{count / read:.1%}",
            Cell(of_corpus(str(first.get(reason, {}).get("source", ""))[:120])),
        ]
        for reason, count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    if not rows:
        return section("Rejected", paragraph("None of the pairs that were read."))
    return section("Rejected", table(["reason or filter", "pairs", "of those read", "the first"], rows, (1, 2)))


def _sources(facts: Mapping[str, Any]) -> Iterator[Section]:
    if facts.get("sources"):
        rows = [
            [
                Cell(of_corpus(name)),
                f"{of['read']:,}",
                f"{sum(of['rejected'].values()):,}",
                f"{sum(of['rows'].values()):,}",
            ]
            for name, of in facts["sources"].items()
        ]
        yield section("By source", table(["source", "read", "rejected", "kept"], rows, (1, 2, 3)))


def _lengths(pairs: pd.DataFrame, labeled: bool, rows: int) -> Section:
    source = pairs["source"].str.len().to_numpy()
    parts = [tag("h3", text("Source")), _histogram(source, _LENGTHS, "characters of the source")]
    if not labeled:
        target = pairs["target"].str.len().to_numpy()
        ratios = target / np.maximum(source, 1)
        parts += [
            tag("h3", text("Target")),
            _histogram(target, _LENGTHS, "characters of the target"),
            tag("h3", text("Target by source")),
            _histogram(ratios, _RATIOS, "characters of the target by those of the source"),
        ]
    of = "the" if rows <= READ else f"the first {READ:,}"
    return section("Lengths", paragraph(f"Characters, of {of} training pairs."), *parts)


def _histogram(values: "np.ndarray[Any, Any]", edges: Sequence[float], title: str) -> Markup:
    return histogram(*_counted(values, edges), title)


def _counted(values: "np.ndarray[Any, Any]", edges: Sequence[float]) -> tuple[list[int], list[str]]:
    """Return the number of values from each edge to the next, and labels for them."""
    counts, _ = np.histogram(values, [*edges, np.inf])
    return counts.tolist(), [f"{low:g}–{high:g}" for low, high in pairwise(edges)] + [f"{edges[-1]:g}+"]


def _labels(pairs: pd.DataFrame, labeled: bool) -> Iterator[Section]:
    if labeled:
        counts = pairs["target"].value_counts().head(30)
        rows = [
            [Cell(of_corpus(str(label))), f"{count:,}", f"{count / len(pairs):.1%}"] for label, count in counts.items()
        ]
        yield section("Labels", table(["label", "pairs", "share"], rows, (1, 2)))


def _languages(pairs: pd.DataFrame, labeled: bool) -> Section:
    """Return the shares of languages and alphabets by side, of a sample of the pairs."""
    parts = []
    for side in SIDES[: 1 if labeled else 2]:
        texts = sorted(pairs[side].tolist(), key=digest_of_text)
        columns = (language_shares(texts[:_IDENTIFIED]), alphabet_shares(texts[:_SPELLED]))
        named = [[f"{name} {share:.1%}" for name, share in found.items()] for found in columns]
        rows = [list(row) for row in zip_longest(*named, fillvalue="")]
        parts += [tag("h3", text(side.capitalize())), table(["language", "alphabet"], rows, (0, 1))]
    told = (
        f"Languages of {_IDENTIFIED} texts, as a model identifies those of 20 bytes and more; alphabets of the letters "
        f"of {_SPELLED:,}. The filters language and script_share drop what is in another one."
    )
    return section("Languages and alphabets", paragraph(told, "faint"), *parts)


def _privacy(facts: Mapping[str, Any]) -> Iterator[Section]:
    """Yield what was replaced: kinds and counts, never the text."""
    if "replaced" in facts:
        rows = [[kind, f"{count:,}"] for kind, count in facts["replaced"].items()]
        found = table(["kind", "replaced"], rows, (1,)) if rows else paragraph("None was found.")
        yield section("Personal data", found)


def _drift(drift: Drift | None) -> Iterator[Section]:
    if drift:
        rows = [[each.name, each.before, each.after, "warns" if each.warns else ""] for each in drift.measures]
        told = paragraph(f"Against the corpus of {drift.champion}, the champion's.")
        yield section("Drift", told, table(["", "the champion's", "this corpus", ""], rows, (1, 2)))


def _pairs(pairs: pd.DataFrame, labeled: bool) -> Section:
    drawn = sorted(range(len(pairs)), key=lambda row: digest_of_text(pairs["source"].iloc[row]))[:SHOWN]
    parts = [tag("h3", text("Random")), _listed(pairs, drawn)]
    if not labeled:
        worst = np.argsort(-suspicion(pairs), kind="stable")[:SHOWN].tolist()
        parts += [
            tag("h3", text("Most suspicious")),
            paragraph(
                "Lengths that do not fit, targets that copy the source, digits that differ, few letters.", "faint"
            ),
            _listed(pairs, worst),
        ]
    return section("Pairs", *parts)


def alignment_of_pairs(pairs: pd.DataFrame, labeled: bool) -> Iterator[Section]:
    """Yield how well the sides fit by a model of their words, and the pairs that fit least."""
    if labeled or len(pairs) < _ALIGNED_FROM or pairs["source"].equals(pairs["target"]):
        return
    texts = [TextPair(*pair) for pair in zip(pairs["source"][:_ALIGNED], pairs["target"][:_ALIGNED], strict=True)]
    drawn = sorted(texts, key=lambda pair: key_of_pair(pair.source, pair.target))
    scores = WordAlignment.fit(drawn, _ALIGNED_CELLS).scores(texts)
    known = np.flatnonzero(~np.isnan(scores))
    worst = known[np.argsort(scores[known], kind="stable")[:SHOWN]].tolist()
    rows = [[f"{scores[row]:.2f}", *(Cell(of_corpus(text[:_LONGEST])) for text in texts[row])] for row in worst]
    told = (
        f"Scores of {len(known):,} pairs by IBM model 1, learned from the corpus itself: sides that were put together "
        "by chance have 0 and less. The filter alignment drops pairs below a score."
    )
    yield section(
        "Alignment",
        paragraph(told),
        histogram(*_counted(scores[known], _SCORES), "alignment score"),
        tag("h3", text("Least aligned")),
        table(["score", *SIDES], rows, (0,)),
    )


def _listed(pairs: pd.DataFrame, rows: Sequence[int]) -> Markup:
    shown = [[Cell(of_corpus(pairs[side].iloc[row][:_LONGEST])) for side in SIDES] for row in rows]
    return table(SIDES, shown)


def suspicion(pairs: pd.DataFrame) -> Figures:
    """Return how suspicious each pair is: the distance of its length ratio from the median one, in log, and signs."""
    source, target = pairs["source"], pairs["target"]
    lengths = (pairs[side].str.len().to_numpy(np.float64) for side in ("target", "source"))
    ratio = np.log(next(lengths) + 5) - np.log(next(lengths) + 5)
    copies = [len(one) > _COPY and one == other for one, other in zip(source, target, strict=True)]
    digits = [
        sorted(filter(str.isdigit, one)) != sorted(filter(str.isdigit, other))
        for one, other in zip(source, target, strict=True)
    ]
    signs = [sum(map(str.isalpha, one)) < _LETTERS * len(one) for one in target]
    weighed = (0.7 * np.array(copies), 0.4 * np.array(digits), 0.5 * np.array(signs))
    found: Figures = np.abs(ratio - np.median(ratio)) + sum(weighed)
    return found
