"""Prediction requests: order, types of rows, parameters and their errors."""

import logging
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqloom.decoding.generator import Generator
from seqloom.decoding.predictor import Predictor, text_of
from seqloom.errors import UserError
from tests.registry.tiny import write_checkpoint

TEXTS = ["a small dog", "", "dog dog dog", "  ", "ein kleiner Hund a small dog"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def answering(folder: Path) -> Predictor:
    return Predictor.load(folder)


def test_it_says_what_the_command_line_says(answering: Predictor, folder: Path) -> None:
    assert answering(TEXTS, {}) == {
        "prediction": Generator.load(folder).generate(TEXTS),
        "truncated": [False] * len(TEXTS),
    }


def test_no_rows_no_answers(answering: Predictor) -> None:
    assert answering([], {"return_scores": True}) == {"prediction": [], "truncated": [], "score": []}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("text", "text"),
        ("", ""),
        (None, ""),
        (float("nan"), ""),
        (np.nan, ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        (12, "12"),
        (np.int64(12), "12"),
        (1.5, "1.5"),
    ],
)
def test_what_a_row_asks(row: object, text: str) -> None:
    assert text_of(row, 3) == text


@pytest.mark.parametrize("row", [["a"], {"a": 1}, b"a", True, object()])
def test_a_row_that_is_no_text(row: object) -> None:
    with pytest.raises(UserError, match=r"source: row 3 is a .*write it as a string"):
        text_of(row, 3)


def test_ten_thousand_rows_come_back_in_order(answering: Predictor) -> None:
    rows = [" ".join(["a small dog"] * (1 + n * 7 % 5)) if n % 3 else "" for n in range(10_000)]
    answers = answering(rows, {"beam_size": 1, "max_length": 6, "batch_size": 512})["prediction"]
    alone = {text: answering([text], {"beam_size": 1, "max_length": 6})["prediction"][0] for text in set(rows)}
    assert answers == [alone[text] for text in rows]


def test_the_best_answers_and_their_scores(answering: Predictor) -> None:
    columns = answering(TEXTS, {"n_best": 3, "beam_size": 4, "return_scores": True})
    assert list(columns) == ["prediction", "truncated", "predictions", "score", "scores"]
    assert [len(found) for found in columns["predictions"]] == [3, 1, 3, 1, 3]
    for row, text in enumerate(TEXTS):
        scores = columns["scores"][row]
        assert scores == sorted(scores, reverse=True)
        assert (columns["prediction"][row], columns["score"][row]) == (columns["predictions"][row][0], scores[0])
        assert text.strip() or (columns["prediction"][row], scores) == ("", [0.0])


def test_where_it_looked(answering: Predictor) -> None:
    columns = answering(TEXTS, {"return_attention": True, "return_scores": True})
    assert list(columns) == ["prediction", "truncated", "score", "source_tokens", "target_tokens", "attention"]
    for row, text in enumerate(TEXTS):
        weights = np.array(columns["attention"][row])
        if not text.strip():
            assert weights.size == 0
            continue
        assert weights.shape == (len(columns["target_tokens"][row]), len(columns["source_tokens"][row]))
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
        assert columns["source_tokens"][row][-1] == columns["target_tokens"][row][-1] == "</s>"
        assert "".join(columns["source_tokens"][row][:-1]).replace("▁", " ").strip() == text


def test_a_model_without_attention_says_so(tmp_path: Path) -> None:
    blind = Predictor.load(write_checkpoint(tmp_path, model={"attention": "none", "encoder_width": 6}))
    with pytest.raises(UserError, match="no attention to return"):
        blind(["a"], {"return_attention": True})


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"beam_size": 0}, "params: beam_size: input should be greater than or equal to 1"),
        ({"beam_size": 257}, "params: beam_size: .*256"),
        ({"length_penalty": -1.0}, "params: length_penalty: .*greater than or equal to 0"),
        ({"max_length": 0}, "params: max_length: "),
        ({"n_best": 0}, "n_best is 0 and beam_size 5"),
        ({"n_best": 3, "beam_size": 2}, "n_best is 3 and beam_size 2: n_best is 1 to beam_size"),
        ({"beam": 3}, "params: beam is not a field of a recipe"),
    ],
)
def test_a_wrong_parameter_is_one_sentence(answering: Predictor, params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        answering(["a"], params)
    assert re.search(sentence, str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_parameter_left_at_none_is_the_default(answering: Predictor) -> None:
    assert answering(TEXTS, {"n_best": None, "beam_size": None}) == answering(TEXTS, {})


@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
def test_a_text_longer_than_any_it_learned_from_is_read_as_far(
    tmp_path: Path, positions: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = {"encoder": "transformer", "decoder": "transformer", "heads": 2, "encoder_width": 8, "decoder_width": 8}
    corpus = {"train": ["x"], "max_characters": 40 if positions == "sinusoidal" else 100_000}
    answering = Predictor.load(
        write_checkpoint(
            tmp_path,
            model={**model, "positions": positions, "max_positions": 8},
            corpus=corpus,
            decoding={"max_length": 7},
        )
    )
    long = "a small dog " * 5000
    read = long[:40] if positions == "sinusoidal" else " ".join(long.split()[:7])
    expected = answering([read], {})
    with caplog.at_level(logging.WARNING, logger="seqloom"):
        assert answering([long], {}) == expected
    assert re.search("1 of 1 texts are read up to (character 40|token 7) only", caplog.text)


@pytest.mark.parametrize("method", ["beam", "sample"])
def test_what_is_drawn_does_not_depend_on_who_asks_meanwhile(
    folder: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests that wait for the same are answered together, and each row keeps the number that it is drawn by."""
    params = {"method": method, "max_length": 6} | ({"temperature": 3.0} if method == "sample" else {})
    alone = Predictor.load(folder)([TEXTS[0]] * 3, params)
    answering = Predictor.load(folder)
    answer, asked, begun, go = answering.generator.answer, list[int](), Event(), Event()

    def noted(texts: Sequence[str], *rest: Any) -> Any:
        asked.append(len(texts))
        begun.set()
        assert go.wait(10)
        return answer(texts, *rest)

    monkeypatch.setattr(answering.generator, "answer", noted)
    with ThreadPoolExecutor(5) as pool:
        requests = [pool.submit(answering, [TEXTS[0]] * 3, params)]
        assert begun.wait(10)
        requests += [pool.submit(answering, [TEXTS[0]] * 3, params) for _ in range(4)]
        while len(answering._batcher._waiting) < 4:
            pass
        go.set()
        assert [request.result() for request in requests] == [alone] * 5
    assert asked == [3, 12]
