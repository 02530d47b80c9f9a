"""One line out for each line in."""

import json
from typing import Any

import pytest

from tests.flows.conftest import Run

pytestmark = pytest.mark.usefixtures("first")
CHAMPION = "models:/phrases@champion"


def test_lines_in_order(seqloom: Run, first: dict[str, Any]) -> None:
    lines = ["the red cat", "", "a big dog", "the red cat", "a b\u2028c"]
    alone = [seqloom("generate", first["checkpoint"], line, "--json").stdout for line in lines[:3]]
    many = seqloom("generate", CHAMPION, stdin="\r\n".join(lines * 300).encode())
    written = many.stdout.split("\n")
    assert len(written) == len(lines) * 300 + 1
    assert [[line] for line in written[:3]] == [json.loads(answer)["outputs"] for answer in alone]
    assert written[1] == ""
    assert written[: len(lines)] * 300 == written[:-1]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("models:/phrases@best", "has no alias best; it has versions 1"),
        ("models:/phrases/77", "has no version 77; it has versions 1"),
        ("models:/nothing@champion", "there is no registered model nothing; registered are: … phrases"),
        ("models:/phrases", "write models:/NAME@ALIAS"),
        ("nowhere", "nowhere: no such checkpoint folder"),
        (".", "is not a checkpoint folder"),
    ],
)
def test_a_model_that_is_not_there(seqloom: Run, model: str, sentence: str) -> None:
    done = seqloom("generate", model, "hello")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(part in done.stderr for part in sentence.split("… "))  # other tests register models here, too
    assert done.stderr.startswith("seqloom: ")
    assert done.stderr.count("\n") == 1


def test_a_byte_that_is_not_utf8(seqloom: Run) -> None:
    done = seqloom("generate", CHAMPION, stdin=b"fine\nnot \xff fine\n")
    assert done.returncode == 2
    assert "stdin line 2: byte 0xff is not UTF-8" in done.stderr
