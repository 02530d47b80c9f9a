"""Degenerate texts have a defined answer, whatever the architecture: none makes it fail, and nothing is nothing."""

from pathlib import Path
from typing import Any

import pytest

from seqloom.decoding.generator_loader import read_generator
from seqloom.decoding.predictor import Predictor
from seqloom.errors import UserError
from tests.decoding.test_language_model import checkpoint as language_model
from tests.registry.tiny import write_checkpoint

NOTHING = {
    "empty": "",
    "spaces": " \t\u00a0 ",
    "line ends": "\n\r\n\u2028",
    "control characters": "\x00\x01\x1f\x7f\ufeff",
}
SOMETHING = {
    "unknown alone": "☃ ☃☃ Ωμέγα",
    "one character": "a",
    "100,000 characters": "a small dog " * 8334,
    "no space in 100,000": "x" * 100_000,
    "control characters between": "a\x00small\x1b[31mdog\x07",
    "half of a pair": "a \ud800 dog",
    "special tokens": "<s> </s> <pad> <unk>",
    "combining marks alone": "\u0301" * 50,
    "both directions": "\u202ea small\u202c dog",
    "separator of contexts and turns": "⦀ ‖ ▁",
}
SMALL: dict[str, dict[str, Any]] = {
    "gru": {"encoder": "gru", "decoder": "gru"},
    "fixed vector": {"encoder": "lstm", "decoder": "lstm", "attention": "none"},
    "transformer": {"encoder": "transformer", "decoder": "transformer", "heads": 2, "feedforward_width": 8},
    "learned positions": {
        "encoder": "transformer", "decoder": "transformer", "heads": 2, "feedforward_width": 8,
        "positions": "learned", "max_positions": 30,
    },
    "cnn": {"encoder": "cnn", "decoder": "cnn"},
}  # fmt: skip
DECODING = {"max_length": 12, "beam_size": 2}


@pytest.mark.parametrize("architecture", SMALL)
def test_texts(tmp_path: Path, architecture: str) -> None:
    model = {"encoder_width": 8, "decoder_width": 8, **SMALL[architecture]}
    asked = Predictor.load(write_checkpoint(tmp_path, model=model, decoding=DECODING))
    answers = asked(list(NOTHING.values()), {})["prediction"]
    assert answers == [""] * len(NOTHING), dict(zip(NOTHING, answers, strict=True))
    texts = list(SOMETHING.values())
    together = asked(texts, {})["prediction"]
    assert all(isinstance(answer, str) for answer in together)
    assert [asked([text], {})["prediction"][0] for text in texts] == together, "the same alone"


def test_texts_to_be_continued(tmp_path: Path) -> None:
    generator = read_generator(language_model(tmp_path / "model"))
    for text in (*NOTHING.values(), *SOMETHING.values()):
        [answer] = generator.generate([text])
        assert isinstance(answer, str)


def test_texts_to_be_labeled(tmp_path: Path) -> None:
    model = {"encoder_width": 8, "decoder": "classifier"}
    asked = Predictor.load(write_checkpoint(tmp_path, task="sentiment", model=model))
    for name, text in SOMETHING.items():
        [label] = asked([text], {})["prediction"]
        assert label, name
    for text in NOTHING.values():
        with pytest.raises(UserError, match="text 1 of 1 is empty, and there is no label for nothing"):
            asked([text], {})
