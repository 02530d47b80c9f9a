"""The word alignment by which the filter `alignment` scores pairs, learned from a sample of the corpus.

The sample is the training pairs with the smallest hashes, so it does not depend on the order in which they are read,
nor by how many processes.
"""

import heapq
from collections.abc import Iterable, Sequence

from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.filters.filter_chain import FilterChain
from seqloom.corpus.filters.pair_filter import TextPair
from seqloom.corpus.normalized_pairs import NormalizedPair, PairSteps, rows_of_split
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.row_keys import key_of_pair
from seqloom.corpus.sources import Sources
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.recipe.filter_expressions import parse_filters
from seqloom.recipe.schema import CorpusSection

ALIGNMENT = "alignment"  # the filter
_PAIRS = 20_000  # of the sample


def corpus_alignment(section: CorpusSection, sources: Sources, keep: bool) -> WordAlignment | None:
    """Learn from the training files, which are read for it; None if no filter of the recipe asks for it.

    Raises:
        UserError: a file violates its format.
    """
    if not _is_asked(section):
        return None
    normalizers = TextNormalizers(section.normalizers, keep)
    steps = PairSteps(normalizers, {}, personal=PersonalData.of(section), excluded=ExcludedTexts.of(section))
    return alignment_of_rows(section, rows_of_split(section, sources, "train", steps))


def alignment_of_rows(section: CorpusSection, rows: Iterable[NormalizedPair]) -> WordAlignment | None:
    """Learn from rows of training text; from those that the other filters keep."""
    if not _is_asked(section):
        return None
    others = [each for each in section.filters if parse_filters([each])[0].name != ALIGNMENT]
    chains = FilterChain.by_source(section.model_copy(update={"filters": others}))
    return WordAlignment.fit(
        TextPair(row.source, row.target)
        for row in _sample(section, rows)
        if not any(chains[row.source_name].drops([TextPair(row.source, row.target)]))
    )


def _is_asked(section: CorpusSection) -> bool:
    return any(each.name == ALIGNMENT for each in parse_filters(section.filters))


def _sample(section: CorpusSection, rows: Iterable[NormalizedPair]) -> Sequence[NormalizedPair]:
    """Return the pairs with the smallest hashes, each once, by hash."""
    kept: dict[int, NormalizedPair] = {}
    largest: list[int] = []  # a heap of their negative hashes
    for row in rows:
        if row.reject_reason(section):
            continue
        key = int.from_bytes(key_of_pair(row.source, row.target))
        if key in kept or (len(kept) >= _PAIRS and key > -largest[0]):
            continue
        kept[key] = row
        heapq.heappush(largest, -key)
        if len(kept) > _PAIRS:
            del kept[-heapq.heappop(largest)]
    return [kept[key] for key in sorted(kept)]
