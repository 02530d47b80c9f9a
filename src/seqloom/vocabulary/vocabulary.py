"""Text to token ids and back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models

from seqloom.corpus.normalising import normalise
from seqloom.mistake import UserMistake
from seqloom.vocabulary.marking import MARK, break_han_words, mark, splitter, units_of
from seqloom.vocabulary.special import SPECIAL_TOKENS


class Vocabulary:
    """The tokens of one side, and the rules that cut text into them.

    The special tokens are entries of the model only, never "added tokens" of the tokenizer, which would be searched
    for in the text: a line that says </s> must not end the sentence.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._has_words = isinstance(tokenizer.model, models.WordLevel)
        ids = tokenizer.get_vocab()
        self.tokens: list[str] = sorted(ids, key=ids.__getitem__)  # index = id

    @classmethod
    def of(cls, model: models.Model) -> Self:
        """Wrap a trained model in the rules that every kind of vocabulary shares."""
        tokenizer = Tokenizer(model)
        tokenizer.pre_tokenizer = splitter()
        tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse(), decoders.Replace(MARK, " ")])
        return cls(tokenizer)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a vocabulary that `save` wrote.

        Raises:
            UserMistake: there is no such file, or it is something else or damaged.
        """
        remedy = f"{path} is no vocabulary: it is missing, damaged or not written by seqloom; build it again"
        try:
            vocabulary = cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # tokenizers raises nothing narrower
            raise UserMistake(remedy) from error
        if tuple(vocabulary.tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise UserMistake(remedy)
        return vocabulary

    def save(self, path: Path) -> None:
        """Write the vocabulary as one JSON file, in the format of Hugging Face tokenizers."""
        path.write_text(self._tokenizer.to_str(pretty=True) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, without start and end."""
        rows = [self._units(text) for text in texts]
        known = self._encode_units(set(chain.from_iterable(rows)))
        return [list(chain.from_iterable(map(known.__getitem__, row))) for row in rows]

    def count(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Occurrences of each token in all the texts together, `(V,)`."""
        counts = Counter(chain.from_iterable(map(self._units, texts)))
        known = self._encode_units(counts)
        ids = np.fromiter(chain.from_iterable(known.values()), np.int64)
        repeats = np.repeat([counts[unit] for unit in known], [len(sequence) for sequence in known.values()])
        return np.bincount(ids, weights=repeats, minlength=len(self)).astype(np.int64)

    def tokenise(self, texts: Sequence[str]) -> list[list[str]]:
        """Tokens of each text: what `encode` gives, in letters."""
        return [[self.tokens[token] for token in sequence] for sequence in self.encode(texts)]

    def decode(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        """Text of each sequence of ids; the special ones say nothing."""
        spoken = [[token for token in sequence if token >= len(SPECIAL_TOKENS)] for sequence in sequences]
        return [text.strip(" ") for text in self._tokenizer.decode_batch(spoken, skip_special_tokens=False)]

    def _units(self, text: str) -> list[str]:
        text = normalise(text)
        return units_of(mark(break_han_words(text) if self._has_words else text))

    def _encode_units(self, units: Iterable[str]) -> dict[str, list[int]]:
        """The ids of each unit: text repeats its words, so few are left to encode."""
        distinct = list(units)
        encodings = self._tokenizer.encode_batch_fast(distinct, add_special_tokens=False)
        return {unit: encoding.ids for unit, encoding in zip(distinct, encodings, strict=True)}
