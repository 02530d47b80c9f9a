"""Texts in, what follows them out: a language model as people use it.

B batch, T length, N tokens that are asked for, E feature width, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from seqloom.corpus.running_text import LINE_END, join_lines, restore_lines
from seqloom.dataset.lm_blocks import make_block_batch
from seqloom.decoding.generator import Answer, Answers, Application, Columns, Generator
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.unanswerable import Unanswerable
from seqloom.vocabulary.kneser_ney import SpellingModel
from seqloom.vocabulary.special_tokens import PADDING, SPECIAL_TOKENS, UNKNOWN

if TYPE_CHECKING:
    from seqloom.recipe.schema import Decoding

TOKENS_READ = 8192  # of several texts at once, padding included
TOKENS_PROJECTED = 1024  # held as logits at once


@dataclass(frozen=True)
class Continuation(Answer):
    """What follows a text, and how likely the text itself was."""

    log_probability: float = 0.0  # of the whole text, in nats
    spelling: float = 0.0  # the part of it that words cost which the vocabulary lacks


class LanguageModel(Generator):
    """A language model of running text: whatever it is asked, also nothing, is the beginning of a line.

    Text goes in and comes out with line feeds, and what was asked and the answer, put end to end, read on.
    """

    needs_text = False

    def answer(self, texts: Sequence[str], decoding: "Decoding", numbers: Sequence[int] | None = None) -> Answers:
        """Likewise, and each with how likely the text was."""
        answers, spellings = super().answer(texts, decoding, numbers), self.spellings(texts)
        return [
            [Continuation(**vars(each), log_probability=figure + spelling, spelling=spelling) for each in found]
            for found, figure, spelling in zip(answers, self._tokens_alone(texts), spellings, strict=True)
        ]

    def columns(self, answers: Answers) -> Columns:
        """What follows, the log-probability of what was asked, and what of it spelling cost."""
        told = [cast(Continuation, found[0]) for found in answers]
        return {
            **super().columns(answers),
            "log_probability": [each.log_probability for each in told],
            "spelling": [each.spelling for each in told],
        }

    @property
    def kinds(self) -> dict[str, Application]:
        """Likewise."""
        return {**super().kinds, "log_probability": float, "spelling": float}

    def line(self, found: list[Answer]) -> str:
        """What follows, on one line."""
        return join_lines(found[0].text, self.keeps_whitespace)

    def whole(self, found: list[Answer]) -> str:
        """The same."""
        return self.line(found)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text behind the end of a line.

        Raises:
            Unanswerable: the model has no place for all of them and one more.
        """
        begin = self._line_end()
        encoded = [begin + ids for ids in self._ids(texts)]
        for row, ids in enumerate(encoded):
            if self.tokens is not None and len(ids) > self.tokens:
                raise Unanswerable(
                    row,
                    len(texts),
                    f"has {len(ids) - len(begin)} tokens, and this model has places for {self.tokens - len(begin)} to "
                    "go on from: shorten it, or train with more model.max_positions (and passages within them: "
                    "corpus.max_characters)",
                )
        return encoded

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        """How likely each text is as the beginning of a line, in nats; 0 is certain, as nothing is.

        A word that the vocabulary lacks is unknown and then spelt, or the fewer words a model knows the better it would
        seem to foresee them.
        """
        return list(map(float.__add__, self._tokens_alone(texts), self.spellings(texts)))

    @torch.inference_mode()
    def _tokens_alone(self, texts: Sequence[str]) -> list[float]:
        """How likely the tokens of each text are, in nats; a word that the vocabulary lacks is the unknown one."""
        encoded, known = self.encode(texts), len(self._line_end())
        rows = sorted(range(len(texts)), key=lambda row: -len(encoded[row]))
        told = [0.0] * len(texts)
        while rows:
            size = max(1, TOKENS_READ // max(1, len(encoded[rows[0]])))
            chunk, rows = rows[:size], rows[size:]
            for row, figure in zip(chunk, self._read([encoded[row] for row in chunk], known), strict=True):
                told[row] = figure
        return told

    def spellings(self, texts: Sequence[str]) -> list[float]:
        """How likely the words of each text that the vocabulary lacks are spelt as they are, in nats; 0: it has all."""
        first = len(self.source.unknown_in([LINE_END])[0])  # of the line's end that is only put before
        unknown = [words[first:] for words in self.source.unknown_in(self._behind_line_end(texts))]
        return [sum(map(self._spelling.log_probability, words), start=0.0) for words in unknown]

    @cached_property
    def _spelling(self) -> SpellingModel:
        """Learned from the words that the vocabulary has."""
        return SpellingModel(self.source.tokens[len(SPECIAL_TOKENS) :])

    def spell(self, hypotheses: list[Hypothesis], source: Sequence[int] = ()) -> list[Answer]:
        """What was written behind the source, with the space before it where there is one."""
        [asked] = self.target.decode([source])
        wholes = self.target.decode([[*source, *hypothesis.tokens] for hypothesis in hypotheses])
        return [
            Answer(
                restore_lines(self._behind(self.target.normalize(asked), self.target.normalize(whole))),
                hypothesis.score,
                hypothesis.tokens,
                hypothesis.truncated,
            )
            for whole, hypothesis in zip(wholes, hypotheses, strict=True)
        ]

    def _read(self, texts: list[list[int]], known: int) -> list[float]:
        """The summed log-probability of each text but for its first `known` tokens."""
        if not any(texts):
            return [0.0] * len(texts)
        arrays = [np.array(ids, dtype=np.int32) for ids in texts]
        batch = make_block_batch(arrays, [known] * len(texts)).to(next(self.model.parameters()).device)
        real = batch.target_output != PADDING  # (B, T)
        wanted = torch.split(batch.target_output[real], TOKENS_PROJECTED)
        features = torch.split(self.model(batch)[real], TOKENS_PROJECTED)  # (N, E)
        figures = [
            self.model.project(some).float().log_softmax(dim=1).gather(1, ids.unsqueeze(1)).squeeze(1).double()
            for some, ids in zip(features, wanted, strict=True)
        ]
        rows = real.nonzero()[:, 0]
        sums = torch.zeros(len(texts), dtype=torch.float64, device=rows.device)
        return sums.index_add_(0, rows, torch.cat(figures)).tolist() if figures else [0.0] * len(texts)

    def _limit(self, source: int, decoding: "Decoding") -> int:
        """As long as was asked for, where places do not run out."""
        return min(decoding.max_length, self._places_left(source))

    def _search(self, sources: list[list[int]], decoding: "Decoding", numbers: Sequence[int]) -> list[list[Hypothesis]]:
        """Likewise; a text that is as long as was asked for is not cut off."""
        short = [self._limit(len(source), decoding) < decoding.max_length for source in sources]
        return [
            [replace(each, truncated=each.truncated and ran_out) for each in found]
            for ran_out, found in zip(short, super()._search(sources, decoding, numbers), strict=True)
        ]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Of each text as it would stand behind the end of a line; the sign is as good as a line feed."""
        cut = len(self.source.encode([LINE_END])[0])
        return [ids[cut:] for ids in self.source.encode(self._behind_line_end(texts))]

    def _behind_line_end(self, texts: Sequence[str]) -> list[str]:
        """Each text as running text has it."""
        return [f"{LINE_END} {join_lines(restore_lines(text), self.keeps_whitespace)}" for text in texts]

    def _line_end(self) -> list[int]:
        """Its ids; none where no line ended in training."""
        [ids] = self.source.encode([LINE_END])
        return [] if UNKNOWN in ids else ids

    def _behind(self, asked: str, whole: str) -> str:
        """What of a text stands behind its beginning, which ends with a line end where it is that alone."""
        rest = whole.removeprefix(asked)
        if asked not in ("", LINE_END):
            return rest
        return rest.removeprefix(" ") if self.keeps_whitespace else rest.lstrip(" ")
