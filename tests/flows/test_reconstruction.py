"""Texts through their fixed-length vector and back, end to end, and texts from vectors that nobody wrote."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.flows.a_task import trained
from tests.flows.conftest import Run

ROOT = Path(__file__).parents[2]
TEXTS = ["Hello world", "Hello AI", "I love coding", "Python is great"]
CHAMPION = "models:/hello-reconstruction@champion"


@pytest.fixture(scope="module")
def hello(seqloom: Run, workplace: Path) -> dict[str, Any]:
    (workplace / "data").mkdir()
    shutil.copy(ROOT / "data" / "hello.txt", workplace / "data")
    shutil.copy(ROOT / "recipes" / "reconstruct.yaml", workplace)
    return trained(seqloom, "reconstruct.yaml", "exact match 100.0%, BLEU 100.0, chrF 100.0")


def outputs(seqloom: Run, *arguments: str) -> list[str]:
    told: list[str] = json.loads(seqloom("generate", CHAMPION, *arguments, "--json").stdout)["outputs"]
    return told


def lines(seqloom: Run, *arguments: str) -> list[str]:
    return seqloom("generate", CHAMPION, *arguments).stdout.splitlines()


def test_the_four_come_back(hello: dict[str, Any], seqloom: Run, workplace: Path) -> None:
    assert hello["aliases"] == ["champion"]
    assert outputs(seqloom, *TEXTS) == lines(seqloom, *TEXTS) == TEXTS
    pd.DataFrame({"source": TEXTS}).to_csv(workplace / "hello.csv", index=False)
    told = json.loads(seqloom("batch", CHAMPION, "hello.csv", "--to", "returned", "--json").stdout)
    assert pd.read_parquet(workplace / told["folder"])["prediction"].tolist() == TEXTS
    assert "it was tested on the text it learned from" in seqloom("show", CHAMPION).stdout


@pytest.mark.usefixtures("hello")
def test_noise_becomes_texts(seqloom: Run) -> None:
    texts = outputs(seqloom, "--from-noise", "40")
    assert len(texts) == 40
    assert len(set(texts)) > 3
    assert {word for text in texts for word in text.split()} <= {word for text in TEXTS for word in text.split()}
    assert lines(seqloom, "--from-noise", "3", "--seed", "1") == texts[:3]
    assert outputs(seqloom, "--from-noise", "40", "--seed", "2") != texts


@pytest.mark.usefixtures("hello")
def test_a_line_leads_from_one_text_to_the_other(seqloom: Run) -> None:
    texts = lines(seqloom, "--between", TEXTS[0], TEXTS[3], "--steps", "7")
    assert (len(texts), texts[0], texts[-1]) == (7, TEXTS[0], TEXTS[3])
    told = json.loads(seqloom("generate", CHAMPION, "--between", TEXTS[1], TEXTS[2], "--json").stdout)
    assert (told["between"], told["shares"]) == (TEXTS[1:3], [0, 0.25, 0.5, 0.75, 1])


@pytest.mark.usefixtures("hello")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--between", "Hello world", " "), "there is no vector for a text without tokens, ' '"),
        (("Hello", "--from-noise", "2"), "--from-noise and --between exclude each other; give one of them"),
        (("--between", "Hello", "world", "--from-noise", "2"), "exclude each other; give one of them"),
        (
            ("Hello", "--seed", "0"),
            "--seed 0 means nothing without --from-noise: add --from-noise, or leave --seed out",
        ),
        (("--between", "Hello", "world", "--seed", "2"), "--seed 2 means nothing without --from-noise"),
        (("--from-noise", "2", "--steps", "3"), "--steps 3 means nothing without --between: add --between, or leave"),
    ],
)
def test_what_cannot_be_asked(seqloom: Run, arguments: tuple[str, ...], sentence: str) -> None:
    done = seqloom("generate", CHAMPION, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize("arguments", [("--from-noise", "2"), ("--between", "the cat", "a dog")])
def test_a_model_with_attention_has_more_than_a_vector(seqloom: Run, arguments: tuple[str, ...]) -> None:
    done = seqloom("generate", "models:/phrases@champion", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "give a model that was trained with model.attention none" in done.stderr
    assert done.stderr.count("\n") == 1
