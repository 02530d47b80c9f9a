"""Vectors of a small text in which some words co-occur."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seqloom.recipe import schema
from seqloom.vectors.embedding_matrix import build_matrix
from seqloom.vectors.word2vec import learn_vectors
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

LINES = ["<s> ▁the ▁dog ▁barks , ▁loud </s>", "<s> ▁the ▁cat ▁purrs , ▁soft </s>", "<s> 狗 在 叫 。 </s>"] * 60
TOKENS = [*SPECIAL_TOKENS, "▁the", "▁dog", "▁barks", ",", "▁loud", "▁cat", "▁purrs", "▁soft", "狗", "叫", "▁barking"]
METHODS = ("word2vec", "fasttext")


def learn(folder: Path, method: str, **fields: object) -> np.ndarray:
    path = folder / "lines.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    section = schema.VectorsSection(**{"method": method, "width": 12, "epochs": 3, **fields})  # type: ignore[arg-type]
    return build_matrix(TOKENS, learn_vectors(path, len(TOKENS), section, lambda: None), 12, section.seed).matrix


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("algorithm", ["skip-gram", "cbow"])
def test_every_token_of_the_text_has_a_row_of_its_own(method: str, algorithm: str, tmp_path: Path) -> None:
    matrix = learn(tmp_path, method, algorithm=algorithm)
    assert matrix.shape == (len(TOKENS), 12)
    assert np.isfinite(matrix).all()
    assert len(np.unique(matrix, axis=0)) == len(TOKENS)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("method", METHODS)
def test_the_watcher_hears_of_every_pass(method: str, workers: int, tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    section = schema.VectorsSection(method=method, width=4, epochs=3, workers=workers)  # type: ignore[arg-type]
    calls: list[None] = []
    lookup = learn_vectors(path, len(TOKENS), section, lambda: calls.append(None))
    assert len(calls) == 3
    assert lookup("<s>") is not None
    assert lookup("<pad>") is None
    assert (lookup("▁barking") is not None) == (method == "fasttext")


@pytest.mark.parametrize("method", METHODS)
def test_one_worker_gives_the_same_matrix_in_every_process(method: str, tmp_path: Path) -> None:
    program = (
        f"import sys, pathlib, {__name__} as here;"
        "sys.stdout.buffer.write(here.learn(pathlib.Path(sys.argv[2]), sys.argv[1]).tobytes())"
    )
    made = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", program, method, str(tmp_path)]
        made.append(subprocess.run(command, check=True, env=environment, capture_output=True).stdout)
    assert made[0] == made[1] == learn(tmp_path, method).tobytes()


def test_another_seed_gives_another_matrix(tmp_path: Path) -> None:
    assert not np.allclose(learn(tmp_path, "word2vec", seed=1), learn(tmp_path, "word2vec", seed=2))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("change", [{"algorithm": "cbow"}, {"window": 1}, {"negative": 1}, {"epochs": 1}], ids=str)
def test_each_field_of_the_recipe_counts(method: str, change: dict[str, object], tmp_path: Path) -> None:
    given = {"algorithm": "skip-gram", "window": 4, "negative": 9, "epochs": 3}
    assert not np.array_equal(learn(tmp_path, method, **given), learn(tmp_path, method, **{**given, **change}))
