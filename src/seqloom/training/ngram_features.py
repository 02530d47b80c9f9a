"""N-gram and character n-gram features of the linear classifier.

N rows, R n-grams, P character n-grams, K labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from seqloom.dataset.padded_batch import pad_sources
from seqloom.dataset.sequences import Sequences
from seqloom.models.ngram_classifier import BASE, ngram_keys
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS

MOST_TOKENS = 4 << 20  # read of a large corpus: rows of it drawn by chance
SEED = 1  # of that draw
MOST_WEIGHTS = 1 << 22  # of all labels: only so many n-grams are kept, and so many character n-grams, the most frequent
CHAR_ORDERS = range(3, 7)  # letters of a character n-gram, with the marks at the edges of a word
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Bag:
    """Sparse rows of feature indices, concatenated: row `i` begins at `starts[i]`."""

    indices: Tensor
    starts: Tensor

    def sums(self, weights: Tensor, scales: Tensor | None = None) -> Tensor:
        """Sum the weights `(features, K)` of each row, to `(rows, K)`, each times its scale if given."""
        return F.embedding_bag(self.indices, weights, self.starts, mode="sum", per_sample_weights=scales)

    def parts(self, rows: int) -> Iterator[tuple[slice, slice, "Bag"]]:
        """Cut into parts of at most `rows` rows: the slice of rows, the slice of their indices, and their bag."""
        ends = [*self.starts.tolist(), len(self.indices)]
        for first in range(0, len(self.starts), rows):
            last = min(first + rows, len(self.starts))
            inside = slice(ends[first], ends[last])
            yield slice(first, last), inside, Bag(self.indices[inside], self.starts[first:last] - ends[first])


@dataclass(frozen=True)
class Ngrams:
    """N-grams of the rows, with document frequencies and labels."""

    keys: Tensor  # (R,) rising
    frequency: Tensor  # (R,) the rows that have each
    rows: Bag  # of indices in keys
    owners: Tensor  # the row of each index
    labels: Tensor  # (N,) from 0

    @property
    def idf(self) -> Tensor:
        """Return the inverse document frequencies, `(R,)`."""
        return _idf(self.frequency, len(self.labels))


@dataclass(frozen=True)
class CharNgrams:
    """Character n-grams of each n-gram that is a single token; longer ones have none."""

    idf: Tensor  # (P,)
    rows: Bag  # of indices in idf, a row for each n-gram


def ngrams_of(source: Sequences, targets: Sequences, longest: int, labels: int) -> Ngrams:
    """Return all single tokens of the rows, and the longer n-grams that occur in more than one row.

    `longest` is the number of tokens in the longest n-gram, `labels` that of the labels.
    """
    rows = _sample(len(source), MOST_TOKENS / max(1, source.tokens))
    keys, owners = [], []
    for start in range(0, len(rows), ROWS_AT_ONCE):
        padded = pad_sources([source[row] for row in rows[start : start + ROWS_AT_ONCE]])
        found = ngram_keys(padded, longest).flatten(1)
        keys.append(found[found > 0])
        owners.append(found.nonzero()[:, 0] + start)
    known, indices = torch.unique(torch.cat(keys), return_inverse=True)
    owner = torch.cat(owners)
    frequency = _document_frequency(indices, owner, len(known))
    kept = (known < BASE) | (frequency > 1)
    most = max(1, MOST_WEIGHTS // labels)
    if kept.sum() > most:
        kept &= frequency > frequency.kthvalue(len(known) - most).values
    inside = kept[indices]
    owner, indices = owner[inside], (kept.cumsum(0) - 1)[indices[inside]]
    label = torch.tensor([int(targets[row][0]) - len(SPECIAL_TOKENS) for row in rows])
    bag = Bag(indices, torch.searchsorted(owner, torch.arange(len(rows))))
    return Ngrams(known[kept], frequency[kept], bag, owner, label)


def char_ngrams_of(ngrams: Ngrams, tokens: Sequence[str]) -> CharNgrams:
    """Return the character n-grams of the single tokens among `ngrams`; `tokens` are those of the vocabulary."""
    known: dict[str, int] = {}
    indices: list[int] = []
    starts, owners = [], []
    for index, key in enumerate(ngrams.keys.tolist()):
        starts.append(len(indices))
        letters = char_ngrams(tokens[key]) if len(SPECIAL_TOKENS) <= key < BASE else []
        indices += [known.setdefault(each, len(known)) for each in letters]
        owners += [index] * len(letters)
    bag = Bag(torch.tensor(indices, dtype=torch.int64), torch.tensor(starts))
    rows = len(ngrams.labels)
    frequency = torch.zeros(max(1, len(known)), dtype=torch.int64)  # torch looks nothing up in an empty table
    frequency.index_add_(0, bag.indices, ngrams.frequency[torch.tensor(owners, dtype=torch.int64)])
    most = max(1, MOST_WEIGHTS // (int(ngrams.labels.max()) + 1))
    if len(frequency) > most:
        frequency, bag = _most_frequent(frequency, bag, most)
    return CharNgrams(_idf(frequency.clamp_max(rows), rows), bag)  # two tokens spelt alike in one row count twice


def _most_frequent(frequency: Tensor, bag: Bag, most: int) -> tuple[Tensor, Bag]:
    """Keep the `most` most frequent features, of equal ones the first, and drop the others from the rows."""
    kept = torch.zeros(len(frequency), dtype=torch.bool)
    kept[frequency.argsort(descending=True, stable=True)[:most]] = True
    inside = kept[bag.indices]
    before = F.pad(inside.cumsum(0), (1, 0))  # how many of the indices before each are kept
    return frequency[kept], Bag((kept.cumsum(0) - 1)[bag.indices[inside]], before[bag.starts])


def char_ngrams(token: str) -> list[str]:
    """Return the distinct character n-grams of a token of more than one letter, with marks at its edges."""
    word = token.removeprefix(MARK)
    marked = f"<{word}>"
    ngrams = (marked[start : start + size] for size in CHAR_ORDERS for start in range(len(marked) - size + 1))
    return list(dict.fromkeys(ngrams)) if len(word) > 1 else []


def _sample(rows: int, share: float) -> list[int]:
    """Return the indices of a random share of the rows, in order, the same at every call.

    Every n-th row could be of one label, where labels alternate.
    """
    if share >= 1.0:
        return list(range(rows))
    drawn = np.random.default_rng(SEED).permutation(rows)[: max(1, int(rows * share))]
    return sorted(drawn.tolist())


def _document_frequency(indices: Tensor, owners: Tensor, features: int) -> Tensor:
    """Return the document frequency of each feature, `(features,)`."""
    return torch.bincount(torch.unique(owners * features + indices) % features, minlength=features)


def _idf(frequency: Tensor, rows: int) -> Tensor:
    """Return inverse document frequencies, smoothed as in scikit-learn."""
    return (((1 + rows) / (1 + frequency.double())).log() + 1).float()
