"""Train vocabularies: words, characters, byte pair encoding and the unigram model.

The same text gives the same vocabulary, id by id, whatever the threads and hash seeds of the trainers.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from seqloom.errors import UserError
from seqloom.recipe import schema
from seqloom.vocabulary.pretokenization import BREAK
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, UNKNOWN
from seqloom.vocabulary.vocabulary import Vocabulary
from seqloom.vocabulary.word_counts import count_characters

Words = Mapping[str, int]  # each word with its occurrences

# Byte fallback: a character without a token of its own is one token per byte of its UTF-8.
BYTE_TOKENS = tuple(f"<0x{byte:02X}>" for byte in range(256))

_LONGEST = 16  # characters of a token, as in SentencePiece: Chinese would otherwise yield whole clauses
_REPEATS = 10_000  # repetitions of a word passed to a trainer at once
_FIXED = (*SPECIAL_TOKENS, *BYTE_TOKENS)


def train_vocabulary(
    words: Words, section: schema.VocabularySection, keep: bool = False, characters: Mapping[str, int] | None = None
) -> Vocabulary:
    """Train a vocabulary of at most `section.size` tokens on the word counts of `count_words`.

    With `keep` white space is kept, as it was when the words were counted. `characters` are the occurrences of each
    where `words` lacks rare ones. Ids are in the order: special tokens, bytes (of kinds with byte fallback), learned
    tokens.

    Raises:
        UserError: the size is below the number of special tokens and bytes.
    """
    if section.kind in ("word", "spaced"):
        return Vocabulary.of_words(_words(words, section), section.kind == "spaced", keep)
    if section.size < len(_FIXED):
        raise UserError(
            f"vocabulary.size is {section.size}, but kind {section.kind} holds {len(_FIXED)} tokens before it learns "
            f"any (256 bytes and {len(SPECIAL_TOKENS)} special ones): set vocabulary.size to {len(_FIXED)} or more"
        )
    characters = characters or count_characters(words)
    if section.kind == "char":
        return Vocabulary.of(_characters(characters, section), keep)
    if section.kind == "decomposed":
        return Vocabulary.of(_characters(_decomposed(characters), section), keep, decomposed=True)
    learn = _pairs if section.kind == "bpe" else _pieces
    return Vocabulary.of(learn(words, characters, section), keep)


def _words(words: Words, section: schema.VocabularySection) -> list[str]:
    """Return the special tokens and the most frequent words."""
    trainer = trainers.WordLevelTrainer(
        vocab_size=section.size - len(SPECIAL_TOKENS), min_frequency=section.min_frequency, show_progress=False
    )
    learned = _train(models.WordLevel(), trainer, words)["vocab"]
    return [*SPECIAL_TOKENS, *sorted(learned, key=learned.get)]


def _decomposed(characters: Words) -> Words:
    """Return occurrences of the characters of NFD."""
    counts: Counter[str] = Counter()
    for character, occurrences in characters.items():
        for part in unicodedata.normalize("NFD", character):
            counts[part] += occurrences
    return counts


def _characters(characters: Words, section: schema.VocabularySection) -> models.BPE:
    """Return a model of the most frequent characters: byte pair encoding without merges."""
    alphabet, _ = _alphabet(characters, section)
    return models.BPE(_ids(_FIXED, alphabet), [], byte_fallback=True)


def _pairs(words: Words, characters: Words, section: schema.VocabularySection) -> models.BPE:
    """Train byte pair encoding (Sennrich et al., 2016, https://arxiv.org/abs/1508.07909) over characters."""
    _, rare = _alphabet(characters, section)
    trainer = trainers.BpeTrainer(
        vocab_size=section.size - len(_FIXED),
        min_frequency=section.min_frequency,
        max_token_length=_LONGEST,
        show_progress=False,
    )
    learned = _train(models.BPE(), trainer, _without(rare, words))
    tokens = sorted(learned["vocab"], key=learned["vocab"].get)
    return models.BPE(_ids(_FIXED, tokens), [tuple(pair) for pair in learned["merges"]], byte_fallback=True)


def _pieces(words: Words, characters: Words, section: schema.VocabularySection) -> models.Unigram:
    """Train the unigram language model (Kudo, 2018, https://arxiv.org/abs/1804.10959)."""
    alphabet, rare = _alphabet(characters, section)
    fixed = [(token, 0.0) for token in _FIXED]  # the scores are never used: no text can spell these
    if not alphabet:
        return models.Unigram(fixed, UNKNOWN, byte_fallback=True)
    unknown = SPECIAL_TOKENS[UNKNOWN]
    trainer = trainers.UnigramTrainer(
        vocab_size=section.size - len(_FIXED) + 1,  # the trainer insists on an unknown token; its id is fixed here
        special_tokens=[unknown],
        unk_token=unknown,
        max_piece_length=_LONGEST,
        show_progress=False,
    )
    learned = _train(models.Unigram(), trainer, _without(rare, words))["vocab"]
    pieces = _deterministic([(piece, score) for piece, score in learned if piece != unknown])
    room = section.size - len(_FIXED)  # the trainer oversteps it by a few where the alphabet alone fills it
    return models.Unigram(fixed + pieces[:room], UNKNOWN, byte_fallback=True)


def _deterministic(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Make the scores of the unigram trainer deterministic, and sort the pieces.

    The trainer sums in the order of a randomly seeded hash map, so the last bits of a score vary. And the characters
    that it pruned, but must keep, get scores below all others in that order: here they all get the lowest.
    """
    pieces = sorted(pieces, key=lambda piece: piece[1])
    least = pieces[0][1]
    dropped = {piece for piece, _ in takewhile(lambda piece: len(piece[0]) == 1, pieces)}
    settled = [(piece, round(least if piece in dropped else score, 6)) for piece, score in pieces]
    return sorted(settled, key=lambda piece: (-piece[1], piece[0]))


def _alphabet(counts: Words, section: schema.VocabularySection) -> tuple[list[str], set[str]]:
    """Return the characters that get a token, most frequent first, and those left to byte fallback."""
    frequent = [character for character, count in counts.items() if count >= section.min_frequency]
    frequent.sort(key=lambda character: (-counts[character], character))
    alphabet = frequent[: section.size - len(_FIXED)]
    return alphabet, set(counts) - set(alphabet)


def _without(rare: set[str], words: Words) -> Words:
    """Replace rare characters by a break, so that no token is learned across one."""
    if not rare:
        return words
    breaks = str.maketrans(dict.fromkeys(rare, BREAK))
    clean: Counter[str] = Counter()
    for word, occurrences in words.items():
        clean[word.translate(breaks)] += occurrences
    return clean


def _train(model: models.Model, trainer: trainers.Trainer, words: Words) -> dict[str, Any]:
    """Train `model` and return its parts, as its JSON has them.

    The trainers read text only, so each word is repeated as often as it occurs.
    """
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.CharDelimiterSplit(BREAK)
    tokenizer.train_from_iterator(_repeated(words), trainer)
    parts: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return parts


def _repeated(words: Words) -> Iterator[str]:
    for word, occurrences in words.items():
        for start in range(0, occurrences, _REPEATS):
            yield (word + BREAK) * min(_REPEATS, occurrences - start)


def _ids(fixed: Iterable[str], learned: Iterable[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate((*fixed, *learned))}
