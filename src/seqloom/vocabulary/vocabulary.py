"""Vocabulary of one side: encode text as token ids, and decode them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from seqloom.corpus.normalization import WORD_MARK, normalize
from seqloom.errors import UserError
from seqloom.vocabulary.pretokenization import BREAK, splitter
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS, UNKNOWN
from seqloom.vocabulary.word_counts import END_OF_TEXT, split_units

_AT_ONCE = 50_000  # words that are spelled at once, as each takes some hundred bytes
_WHITESPACE = re.compile(r"\s")


class Vocabulary:
    """Tokenizer of one side.

    Special tokens are entries of the model only, never "added tokens" of the tokenizer, which would be searched for in
    the text: a line that contains </s> must not end the sentence.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.of_labels = tokenizer.pre_tokenizer is None  # a whole text is one token
        # Only the first mark is no space where all white space is kept; where it is folded none at either end is.
        self.keeps_whitespace = not self.of_labels and tokenizer.decoder.decode([MARK]) == ""
        self._of_units = isinstance(tokenizer.pre_tokenizer, pre_tokenizers.CharDelimiterSplit)
        whole = self.of_labels or self._of_units
        self._decomposed = tokenizer.normalizer is not None  # tokens are of NFD, texts of NFC
        self._breaks_han = isinstance(tokenizer.model, models.WordLevel) and not whole
        ids = tokenizer.get_vocab()
        self.tokens: list[str] = sorted(ids, key=ids.__getitem__)  # index = id

    @classmethod
    def of(cls, model: models.Model, keep: bool = False, decomposed: bool = False) -> Self:
        """Wrap a trained model in the pre-tokenizer and decoder of all kinds but `spaced`.

        With `keep` the white space of a text is preserved. With `decomposed` its tokens are of texts in NFD.
        """
        return cls._with(splitter(), model, keep, decomposed)

    @classmethod
    def _with(cls, cut: pre_tokenizers.PreTokenizer, model: models.Model, keep: bool, decomposed: bool = False) -> Self:
        tokenizer = Tokenizer(model)
        if decomposed:
            tokenizer.normalizer = normalizers.NFD()
        tokenizer.pre_tokenizer = cut
        first = [decoders.Strip(" ", 1, 0)] if keep else []
        steps = [decoders.ByteFallback(), decoders.Fuse(), decoders.Replace(MARK, " "), *first]
        tokenizer.decoder = decoders.Sequence(steps)
        return cls(tokenizer)

    @classmethod
    def of_words(cls, tokens: Sequence[str], spaced: bool = False, keep: bool = False) -> Self:
        """Return a vocabulary of kind word or spaced; `tokens` begin with the special ones."""
        ids = {token: number for number, token in enumerate(tokens)}
        model = models.WordLevel(ids, unk_token=SPECIAL_TOKENS[UNKNOWN])
        return cls._with(pre_tokenizers.CharDelimiterSplit(BREAK) if spaced else splitter(), model, keep)

    @classmethod
    def labels(cls, labels: Sequence[str]) -> Self:
        """Return a vocabulary with each label as one token, after the special tokens."""
        ids = {token: number for number, token in enumerate((*SPECIAL_TOKENS, *labels))}
        return cls(Tokenizer(models.WordLevel(ids, unk_token=SPECIAL_TOKENS[UNKNOWN])))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a vocabulary that `save` wrote.

        Raises:
            UserError: the file is missing, damaged or no vocabulary.
        """
        remedy = f"{path} is no vocabulary: it is missing, damaged or not written by seqloom; build it again"
        try:
            vocabulary = cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # tokenizers raises nothing narrower
            raise UserError(remedy) from error
        if tuple(vocabulary.tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise UserError(remedy)
        return vocabulary

    def save(self, path: Path) -> None:
        """Write the vocabulary as one JSON file, in the format of Hugging Face tokenizers."""
        path.write_text(self._tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode each text as token ids, without start and end tokens."""
        units = self._units(texts)
        index_of = {unit: number for number, unit in enumerate(dict.fromkeys(units))}  # of each distinct unit
        spelling, lengths = self.spell(index_of)
        indices = np.fromiter(map(index_of.__getitem__, units), np.int64, len(units))
        starts, ends = (np.cumsum(lengths) - lengths)[indices], np.cumsum(lengths[indices])
        ids = spelling[
            np.repeat(starts - ends + lengths[indices], lengths[indices]) + np.arange(ends[-1] if units else 0)
        ]
        edges = [0, *ends[indices == index_of.get(END_OF_TEXT)].tolist()]
        flat = ids.tolist()
        return [flat[start:end] for start, end in pairwise(edges)]

    def count(self, words: Mapping[str, int]) -> NDArray[np.int64]:
        """Return occurrences of each token `(V,)`, given those of words."""
        alike: dict[int, list[str]] = {}  # words that occur equally often
        for word, occurrences in words.items():
            alike.setdefault(occurrences, []).append(word)
        counts = np.zeros(len(self), np.int64)
        for occurrences, some in alike.items():
            for start in range(0, len(some), _AT_ONCE):
                np.add.at(counts, self._ids_of_all(some[start : start + _AT_ONCE]), occurrences)
        return counts

    def _ids_of_all(self, words: list[str]) -> NDArray[np.int64]:
        """Return the ids of some words, of all together: an encoding for each would take most of the time."""
        texts = words if self.of_labels else [BREAK.join(words)]
        spelt = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return np.array([*chain.from_iterable(encoding.ids for encoding in spelt)], np.int64)

    def lines(self, texts: Sequence[str], first: str, last: str) -> str:
        """Return each text as a line of tokens separated by spaces, between `first` and `last`.

        Tokens are written as in `in_lines`.
        """
        units = self._units(texts)
        distinct = list(dict.fromkeys(units))
        spelt = self._tokenizer.encode_batch_fast(distinct, add_special_tokens=False)
        names = self.in_lines
        written = (" ".join(map(names.__getitem__, encoding.ids)) for encoding in spelt)
        spelling = dict(zip(distinct, written, strict=True))
        spelling[END_OF_TEXT] = f"{last}\n{first}"
        return " ".join([first, *map(spelling.__getitem__, units)]).removesuffix(first)

    @property
    def in_lines(self) -> list[str]:
        """Tokens by id, with white space in them replaced by its code point."""
        if not self.keeps_whitespace:
            return self.tokens
        return [_WHITESPACE.sub(lambda found: f"{2 * WORD_MARK}{ord(found[0]):x}", token) for token in self.tokens]

    def tokenize(self, texts: Sequence[str]) -> list[list[str]]:
        """Split each text into tokens: `encode`, as strings."""
        return [[self.tokens[token] for token in sequence] for sequence in self.encode(texts)]

    def unknown_in(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the out-of-vocabulary pieces of each text, with space marks; none if bytes can spell any text."""
        if not isinstance(self._tokenizer.model, models.WordLevel):
            return [[] for _ in texts]
        known = frozenset(self.tokens)
        units = self._units(texts)
        found = {unit: self._unknown_pieces(unit, known) for unit in set(units) - known - {END_OF_TEXT}}
        unknown: list[list[str]] = [[]]
        for unit in units:
            if unit == END_OF_TEXT:
                unknown.append([])
            else:
                unknown[-1] += found.get(unit, [])
        return unknown[:-1]

    def _unknown_pieces(self, unit: str, known: Collection[str]) -> list[str]:
        cut = self._tokenizer.pre_tokenizer
        pieces = [piece for piece, _ in cut.pre_tokenize_str(unit)] if cut else [unit]
        return [piece for piece in pieces if piece not in known]

    def decode(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        """Decode each sequence of ids to text; special tokens are skipped."""
        kept = [[token for token in sequence if token >= len(SPECIAL_TOKENS)] for sequence in sequences]
        texts: list[str] = self._tokenizer.decode_batch(kept, skip_special_tokens=False)
        if self._decomposed:
            texts = [unicodedata.normalize("NFC", text) for text in texts]
        return texts if self.keeps_whitespace else [text.strip(" ") for text in texts]

    def normalize(self, text: str) -> str:
        """Normalize a text, keeping or folding white space as this vocabulary does."""
        return normalize(text, self.keeps_whitespace)

    def _units(self, texts: Sequence[str]) -> list[str]:
        """Return the units of all texts, with `END_OF_TEXT` after each."""
        if self.of_labels:
            return [unit for text in texts for unit in (normalize(text), END_OF_TEXT)]
        return split_units(texts, self._breaks_han, self.keeps_whitespace)

    def spell(self, units: Iterable[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the concatenated ids of all units, and the number of ids of each; `END_OF_TEXT` has none."""
        texts = ["" if unit == END_OF_TEXT else unit for unit in units]
        spelt = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        return np.fromiter(chain.from_iterable(spelt), np.int64), np.fromiter(map(len, spelt), np.int64, len(spelt))
