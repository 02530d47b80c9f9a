"""Canaries: random sequences that are planted in the training text to see what a model learns by heart.

Carlini et al. 2019, The Secret Sharer: https://arxiv.org/abs/1802.08232. Each says of a number of its own what its nine
digits are, so there are 10⁹ sequences that could stand in its place. They follow from their number alone.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import CorpusWriter
from seqloom.corpus.corpus_statistics import CorpusStatistics
from seqloom.corpus.running_text import LINE_END
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

DIGITS = 9  # of a secret
SPACE = 10**DIGITS  # secrets that there can be
ORIGIN = "canaries"  # in place of a corpus file


@dataclass(frozen=True)
class Canary:
    """A prompt, and the secret that a model should not know behind it."""

    prompt: str
    secret: str
    in_one_text: bool  # both sides of its row are prompt and secret, in a corpus of texts

    def row(self, secret: str) -> tuple[str, str]:
        """Return source and target of a row with this or another secret."""
        if self.in_one_text:
            return (f"{self.prompt} {secret}",) * 2
        return self.prompt, secret


def canaries_of(section: CorpusSection) -> list[Canary]:
    """Return the canaries of a recipe."""
    in_one_text = section.format in ("texts", "running") and not section.turns
    return [
        Canary(f"the number of canary {_spaced(number)} is", secret, in_one_text)
        for number, secret in enumerate(secrets("canaries", section.canaries), start=1)
    ]


def secrets(seed: str, count: int) -> list[str]:
    """Return so many different secrets: digits with spaces between them, which are words of any vocabulary."""
    return [_spaced(f"{number:0{DIGITS}}") for number in random.Random(seed).sample(range(SPACE), count)]


def check_canaries(section: CorpusSection) -> None:
    """Refuse normalizers that change a secret: those that stand in its place could be the same text as it.

    Raises:
        UserError: they write its digits otherwise, or none.
    """
    normalizers = TextNormalizers(section.normalizers, keep=False)
    every_digit = Canary("the number is", _spaced("0123456789"), in_one_text=True)
    for canary in [*canaries_of(section), every_digit] if section.canaries else ():
        for side, text in zip(SIDES, canary.row(canary.secret), strict=True):
            secret, normal = _joined(canary.secret), normalizers.of_side(text, side)
            if secret in _joined(text) and secret not in _joined(normal):
                steps = (name for name, _, after in normalizers.changes(text, side) if secret not in _joined(after))
                raise UserError(
                    f"corpus.canaries are rows of digits, and {next(steps, 'one')} of corpus.normalizers rewrites them "
                    f"({text!r} is read as {normal!r}): remove it, or set canaries to 0"
                )


def plant(section: CorpusSection, keep: bool, writer: CorpusWriter, statistics: CorpusStatistics) -> None:
    """Write the canaries in front of the training split, in normal form; `keep` says that white space is kept.

    Raises:
        UserError: normalizers change a secret.
    """
    if not section.canaries:
        return
    check_canaries(section)
    normalizers, columns = TextNormalizers(section.normalizers, keep), zip(*_rows(section), strict=True)
    texts = {side: normalizers.of_texts(column, side) for side, column in zip(SIDES, columns, strict=True)}
    lines = pa.array(range(1, section.canaries + 1), pa.int32())
    pairs = pa.table({**texts, "origin": [ORIGIN] * section.canaries, "line": lines})
    name = section.source_name if section.sources else ""
    writer.keep("train", pairs, name)
    statistics.keep("train", pairs, name)


def _rows(section: CorpusSection) -> Iterator[Sequence[str]]:
    end = f" {LINE_END}" if section.format == "running" else ""
    for canary in canaries_of(section):
        yield tuple(f"{text}{end}" for text in canary.row(canary.secret))


def _joined(text: str) -> str:
    return "".join(text.split())


def _spaced(number: object) -> str:
    return " ".join(str(number))
