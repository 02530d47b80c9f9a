"""Text classification with a trained model: strings in, labels with their probabilities out.

B batch, V target vocabulary.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from seqloom.dataset.padded_batch import pad_sources
from seqloom.decoding.answers import Answer, Answers, Columns, ColumnType, Unanswerable
from seqloom.decoding.confidence import CONFIDENCE
from seqloom.decoding.generator import Generator
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, START

if TYPE_CHECKING:
    from seqloom.recipe.schema import DecodingSection

SHOWN = 5  # labels in a line


class TextClassifier(Generator):
    """A classifier: the answers to a text are all labels, the most probable first; a score is a log-probability."""

    controlled = False

    def columns(self, answers: Answers, decoding: "DecodingSection | None" = None) -> Columns:  # noqa: ARG002
        """Return the most probable label, its probability, and the probabilities of all labels, by name."""
        by_label = [{answer.text: probability(answer) for answer in found} for found in answers]
        return {
            "prediction": [found[0].text for found in answers],
            "probability": [probability(found[0]) for found in answers],
            "probabilities": [{label: each[label] for label in sorted(each)} for each in by_label],
            **({CONFIDENCE: [found[0].confidence for found in answers]} if self.confidence else {}),
        }

    @property
    def column_types(self) -> dict[str, ColumnType]:
        """The type of each column of `columns`."""
        labels = sorted(self.target.tokens[len(SPECIAL_TOKENS) :])
        types: dict[str, ColumnType] = {"prediction": str, "probability": float, "probabilities": labels}
        return {**types, CONFIDENCE: float} if self.confidence else types

    def line(self, found: list[Answer]) -> str:
        """Return the label, a tab, and the most probable labels with their probabilities."""
        return f"{found[0].text}\t" + ", ".join(f"{each.text} {probability(each):.1%}" for each in found[:SHOWN])

    def whole(self, found: list[Answer]) -> str:
        """Return the same as `line`."""
        return self.line(found)

    def _answer_to_nothing(self, row: int, rows: int) -> list[Answer]:
        raise Unanswerable(row, rows, "is empty, and there is no label for nothing: remove it")

    @torch.inference_mode()
    def _search(
        self,
        sources: list[list[int]],
        decoding: "DecodingSection",  # noqa: ARG002 all labels are scored, without a search
        numbers: Sequence[int],  # noqa: ARG002
    ) -> list[list[Hypothesis]]:
        source = pad_sources(sources).to(self.torch_backend.device)
        memory = self.model.encode(source, self.torch_backend.frames(sources))
        token = torch.full((len(source),), START, device=source.device)
        logits, _ = self.model.step(token, self.model.start(memory), memory)  # (B, V)
        scores, labels = logits[:, len(SPECIAL_TOKENS) :].float().log_softmax(dim=1).sort(dim=1, descending=True)
        labels += len(SPECIAL_TOKENS)
        return [
            [Hypothesis([label], score) for label, score in zip(*row, strict=True)]
            for row in zip(labels.tolist(), scores.tolist(), strict=True)
        ]


def probability(answer: Answer) -> float:
    """Return the probability of a label, 0 to 1."""
    return round(math.exp(answer.score), 6)
