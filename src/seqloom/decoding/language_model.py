"""Text continuation and scoring with a trained language model.

B batch, T length, N tokens to score, E feature width, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from seqloom.corpus.running_text import LINE_END, join_lines, restore_lines
from seqloom.dataset.lm_blocks import make_block_batch
from seqloom.dataset.padded_batch import padding_mask
from seqloom.decoding.answers import Answer, Answers, Columns, ColumnType, Unanswerable
from seqloom.decoding.generator import Generator
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.vocabulary.kneser_ney import SpellingModel
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, UNKNOWN

if TYPE_CHECKING:
    from seqloom.recipe.schema import DecodingSection

TOKENS_READ = 8192  # in a batch, padding included
TOKENS_PROJECTED = 1024  # whose logits are held at once


@dataclass(frozen=True)
class Continuation(Answer):
    """A continuation of a text, with the log-probability of the text itself."""

    log_probability: float = 0.0  # of the whole text, in nats
    spelling: float = 0.0  # the part of it that is the spelling of words outside the vocabulary


class LanguageModel(Generator):
    """A language model of running text; a text, also an empty one, is a prompt at the beginning of a line.

    Texts and answers have line feeds, and an answer appended to its text continues it.
    """

    needs_text = False
    controlled = False

    def answer(
        self, texts: Sequence[str], decoding: "DecodingSection", numbers: Sequence[int] | None = None
    ) -> Answers:
        """Return the continuations of each text, with the log-probability of the text; see `Generator.answer`."""
        answers, spellings = super().answer(texts, decoding, numbers), self.spellings(texts)
        return [
            [Continuation(**vars(each), log_probability=known + spelling, spelling=spelling) for each in found]
            for found, known, spelling in zip(answers, self._token_scores(texts), spellings, strict=True)
        ]

    def columns(self, answers: Answers, decoding: "DecodingSection | None" = None) -> Columns:
        """Return the continuations, the log-probabilities of the texts, and the spelling part of these."""
        best = [cast(Continuation, found[0]) for found in answers]
        return {
            **super().columns(answers, decoding),
            "log_probability": [each.log_probability for each in best],
            "spelling": [each.spelling for each in best],
        }

    @property
    def column_types(self) -> dict[str, ColumnType]:
        """The type of each column of `columns`."""
        return {**super().column_types, "log_probability": float, "spelling": float}

    def line(self, found: list[Answer]) -> str:
        """Return the continuation on one line."""
        return join_lines(found[0].text, self.keeps_whitespace)

    def whole(self, found: list[Answer]) -> str:
        """Return the same as `line`."""
        return self.line(found)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, behind those of a line's end.

        Raises:
            Unanswerable: the model has no positions for all of them and one more.
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
        """Return the log-probability of each text at the beginning of a line, in nats.

        A word outside the vocabulary costs the unknown token and its spelling; else models with a smaller vocabulary
        would seem to predict better.
        """
        return list(map(float.__add__, self._token_scores(texts), self.spellings(texts)))

    @torch.inference_mode()
    def _token_scores(self, texts: Sequence[str]) -> list[float]:
        """Return the log-probability of the tokens of each text, in nats, unknown ones without their spelling."""
        encoded, known = self.encode(texts), len(self._line_end())
        rows = sorted(range(len(texts)), key=lambda row: -len(encoded[row]))
        scores = [0.0] * len(texts)
        while rows:
            size = max(1, TOKENS_READ // max(1, len(encoded[rows[0]])))
            chunk, rows = rows[:size], rows[size:]
            for row, score in zip(chunk, self._score([encoded[row] for row in chunk], known), strict=True):
                scores[row] = score
        return scores

    def spellings(self, texts: Sequence[str]) -> list[float]:
        """Return the log-probability of the spelling of each text's unknown words, in nats; 0 if there are none."""
        first = len(self.source.unknown_in([LINE_END])[0])  # of the line's end in front
        unknown = [words[first:] for words in self.source.unknown_in(self._behind_line_end(texts))]
        return [sum(map(self._spelling.log_probability, words), start=0.0) for words in unknown]

    @cached_property
    def _spelling(self) -> SpellingModel:
        """A character model of words, learned from those of the vocabulary."""
        return SpellingModel(self.source.tokens[len(SPECIAL_TOKENS) :])

    def detokenize(self, hypotheses: list[Hypothesis], source: Sequence[int] = ()) -> list[Answer]:
        """Return the text behind the source, with the space before it if there is one."""
        [prompt] = self.target.decode([source])
        wholes = self.target.decode([[*source, *hypothesis.tokens] for hypothesis in hypotheses])
        return [
            Answer(
                restore_lines(self._behind(self.target.normalize(prompt), self.target.normalize(whole))),
                hypothesis.score,
                hypothesis.tokens,
                hypothesis.truncated,
            )
            for whole, hypothesis in zip(wholes, hypotheses, strict=True)
        ]

    def _score(self, texts: list[list[int]], known: int) -> list[float]:
        """Return the summed log-probability of each text, without its first `known` tokens."""
        if not any(texts):
            return [0.0] * len(texts)
        arrays = [np.array(ids, dtype=np.int32) for ids in texts]
        batch = make_block_batch(arrays, [known] * len(texts)).to(self.torch_backend.device)
        real = padding_mask(batch.target_output)  # (B, T)
        wanted = torch.split(batch.target_output[real], TOKENS_PROJECTED)
        features = torch.split(self.model(batch)[real], TOKENS_PROJECTED)  # (N, E)
        scores = [
            self.model.project(some).float().log_softmax(dim=1).gather(1, ids.unsqueeze(1)).squeeze(1).double()
            for some, ids in zip(features, wanted, strict=True)
        ]
        rows = real.nonzero()[:, 0]
        sums = torch.zeros(len(texts), dtype=torch.float64, device=rows.device)
        return sums.index_add_(0, rows, torch.cat(scores)).tolist() if scores else [0.0] * len(texts)

    def _limit(self, source: int, decoding: "DecodingSection") -> int:
        """Return the length asked for, or the positions left if they are fewer."""
        return min(decoding.max_length, self._positions_left(source))

    def _search(
        self, sources: list[list[int]], decoding: "DecodingSection", numbers: Sequence[int]
    ) -> list[list[Hypothesis]]:
        """Return the hypotheses of each source; one as long as was asked for does not count as truncated."""
        short = [self._limit(len(source), decoding) < decoding.max_length for source in sources]
        return [
            [replace(each, truncated=each.truncated and ran_out) for each in found]
            for ran_out, found in zip(short, super()._search(sources, decoding, numbers), strict=True)
        ]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text as it is encoded behind a line's end; `↵` and line feed are equivalent."""
        cut = len(self.source.encode([LINE_END])[0])
        return [ids[cut:] for ids in self.source.encode(self._behind_line_end(texts))]

    def _behind_line_end(self, texts: Sequence[str]) -> list[str]:
        """Return each text as running text, with a line's end in front."""
        lines = [join_lines(restore_lines(text), self.keeps_whitespace) for text in texts]
        return [f"{LINE_END} {line}" for line in self.normalized(lines)]

    def _line_end(self) -> list[int]:
        """Return the ids of a line's end; none if the training text had none."""
        [ids] = self.source.encode([LINE_END])
        return [] if UNKNOWN in ids else ids

    def _behind(self, prompt: str, whole: str) -> str:
        """Return the rest of a text behind its prompt, without the space behind a prompt that is a line's end alone."""
        rest = whole.removeprefix(prompt)
        if prompt not in ("", LINE_END):
            return rest
        return rest.removeprefix(" ") if self.keeps_whitespace else rest.lstrip(" ")
