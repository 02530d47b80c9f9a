"""Confidence: the calibrated probability that an answer is right, in a file beside the weights.

Evaluation fits it on validation rows. Labels: temperature scaling (Guo et al. 2017, https://arxiv.org/abs/1706.04599).
Texts: logistic regression on the log-probability a token and the length, after Platt 1999.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.decoding.answers import Answer
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator

CONFIDENCE_FILE = "confidence.json"
CONFIDENCE = "confidence"  # column of answers
PLACES = 6  # decimals of a confidence


@dataclass(frozen=True)
class LabelConfidence:
    """Temperature by which the log-probabilities of labels are divided."""

    temperature: float

    def of(self, found: Sequence[Answer], length_penalty: float) -> list[float]:  # noqa: ARG002 of texts
        """Return the confidence in each of a text's labels; those in all labels add up to 1."""
        scaled = [math.exp((each.score - found[0].score) / self.temperature) for each in found]
        return [round(each / sum(scaled), PLACES) for each in scaled]


@dataclass(frozen=True)
class TextConfidence:
    """Weights of a logistic regression."""

    bias: float
    log_probability: float  # weight of the nats a token
    log_length: float  # weight of the logarithm of the tokens

    def of(self, found: Sequence[Answer], length_penalty: float) -> list[float]:
        """Return the confidence in each of a text's answers, whose scores have this length penalty."""
        return [self._of_one(*features(each, length_penalty)) for each in found]

    def _of_one(self, log_probability: float, log_length: float) -> float:
        logit = self.bias + self.log_probability * log_probability + self.log_length * log_length
        return round(0.5 * (1 + math.tanh(logit / 2)), PLACES)


Confidence = LabelConfidence | TextConfidence


def features(answer: Answer, length_penalty: float) -> tuple[float, float]:
    """Return the log-probability of an answer a token, whatever its score is divided by, and its log length."""
    length = max(1, len(answer.tokens) + (not answer.truncated))  # with END
    return answer.score * length ** (length_penalty - 1), math.log(length)


def write_confidence(confidence: Confidence, folder: Path) -> None:
    """Write the file."""
    (folder / CONFIDENCE_FILE).write_text(json.dumps(asdict(confidence), indent=2) + "\n", encoding="utf-8")


def read_confidence(folder: Path) -> Confidence | None:
    """Return what was written to `folder`, None if nothing was: the version is of an earlier release."""
    file = folder / CONFIDENCE_FILE
    if not file.is_file():
        return None
    fields = {name: float(value) for name, value in json.loads(file.read_text(encoding="utf-8")).items()}
    return LabelConfidence(**fields) if "temperature" in fields else TextConfidence(**fields)


def require_confidence(generator: "Generator", model: str) -> None:
    """Refuse a model that does not say how sure it is.

    Raises:
        UserError: it is one.
    """
    if CONFIDENCE not in generator.column_types:
        raise UserError(
            f"{model} has no confidence, which its evaluation learns from 25 validation rows at least, for "
            "texts and labels: train it with this release, or ask for no list of what is below one"
        )
