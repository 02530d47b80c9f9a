"""The corpus stage on synthesised pairs: pairs a processor second, and memory, at several sizes.

A process of its own reads, cleans and splits each corpus as `seqloom train` does, worker processes among it; its
processor time is that of all of them. Peaks are the most that each process had in memory (VmHWM), and the most that
all had together at one moment (RSS, which counts what they share once for each).

The vocabulary of each corpus is learned after that (`bench.vocabulary_memory`).

OpusFilter runs on the smallest size with the same kinds of filters, in an environment of its own: duplicates, lengths
of 1 to 1,000 characters, ratio of lengths, share of letters, markup, numbers. It neither splits nor counts.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import vocabulary_memory
from bench.paths import HOME
from bench.peers import python_of
from bench.row import Row
from bench.synthetic_pairs import write_pairs
from bench.usage import Usage, used_by
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

GOAL = 5.0  # times OpusFilter's pairs a processor second
LINEAR = 1.1  # processor time a pair at the largest size against the smallest
FLAT = 1.1  # memory likewise, from 1 M pairs on
LARGEST = 1.5 * 1024  # MiB of any process
FILTERS = ["length_ratio<=4", "letter_share>=0.6", "no_html", "numbers_match>=0.5"]
OPUSFILTER = """
common: {{output_directory: {folder}}}
steps:
  - type: remove_duplicates
    parameters: {{inputs: [pairs.en, pairs.de], outputs: [unique.en, unique.de]}}
  - type: filter
    parameters:
      inputs: [unique.en, unique.de]
      outputs: [kept.en, kept.de]
      filters:
        - LengthFilter: {{unit: char, min_length: 1, max_length: 1000}}
        - LengthRatioFilter: {{unit: char, threshold: 4}}
        - AlphabetRatioFilter: {{threshold: 0.6, exclude_whitespace: true}}
        - HtmlTagFilter: {{}}
        - NonZeroNumeralsFilter: {{threshold: 0.5}}
"""


def measure(sizes: Sequence[int]) -> list[Row]:
    """Measure the stage at each size, in pairs, and OpusFilter at the smallest."""
    ours: dict[int, Usage] = {}
    rows: list[Row] = []
    for pairs in sorted(sizes):
        with TemporaryDirectory(dir=HOME) as scratch:
            write_pairs(Path(scratch), pairs)
            ours[pairs] = used_by([sys.executable, "-m", "bench.corpus_speed", scratch])
            if len(ours) == 1:
                rows += _against_opusfilter(Path(scratch), pairs, ours[pairs])
            rows += vocabulary_memory.measure(Path(scratch), pairs)
        rows.append(_memory_row(pairs, ours[pairs]))
    return [*rows, *_growth(ours)]


def _against_opusfilter(folder: Path, pairs: int, ours: Usage) -> list[Row]:
    try:
        python = python_of("opusfilter")
    except SystemExit as reason:
        print(f"without OpusFilter: {reason}", file=sys.stderr)
        return []
    (folder / "opusfilter.yaml").write_text(OPUSFILTER.format(folder=folder), encoding="utf-8")
    theirs = used_by([str(python.with_name("opusfilter")), str(folder / "opusfilter.yaml")])
    shown = [f"{pairs / usage.seconds:,.0f} a processor second" for usage in (ours, theirs)]
    what = f"corpus of {pairs / 1e6:g} M pairs cleaned"
    return [Row(what, shown[0], f"{shown[1]}, OpusFilter", theirs.seconds / ours.seconds, GOAL, "more")]


def _memory_row(pairs: int, usage: Usage) -> Row:
    rate = f"{pairs / usage.seconds:,.0f} a processor second"
    what = f"corpus of {pairs / 1e6:g} M pairs, memory"
    return Row(what, f"{usage.shown}; {rate}", f"{LARGEST:,.0f} MiB", usage.largest / LARGEST, 1.0, "less")


def _growth(ours: dict[int, Usage]) -> list[Row]:
    """Compare the largest size with the smallest from a million pairs on: below, no workers are started."""
    large = [pairs for pairs in ours if pairs >= 1_000_000]
    if len(large) < 2:
        return []
    less, more = large[0], large[-1]
    rates = [1e6 * ours[pairs].seconds / pairs for pairs in (less, more)]
    sums = [ours[pairs].together for pairs in (less, more)]
    what = f"corpus of {more / 1e6:g} M pairs against {less / 1e6:g} M"
    shown = [f"{rate:.1f} µs of processor a pair" for rate in rates]
    memory = [f"{size:,.0f} MiB" for size in sums]
    return [
        Row(f"{what}, time", shown[1], shown[0], rates[1] / rates[0], LINEAR, "less"),
        Row(f"{what}, memory", memory[1], memory[0], sums[1] / sums[0], FLAT, "less"),
    ]


def _build(folder: Path) -> None:
    """Run the stage on the files of `folder`."""
    files = [str(folder / f"pairs.{side}") for side in ("en", "de")]
    section = CorpusSection(train=files, source_language="en", target_language="de", filters=FILTERS)
    made = folder / "corpus"
    made.mkdir()
    build_corpus(section, locate(section, folder), made, unwatched, folder)


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
