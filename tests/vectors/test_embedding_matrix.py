"""What a bare GPU box does: numpy and nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from seqloom.vectors.embedding_matrix import load_vectors


def test_a_side_without_vectors_is_none(tmp_path: Path) -> None:
    matrix = np.ones((3, 2), np.float32)
    np.save(tmp_path / "target.npy", matrix)
    assert load_vectors(tmp_path, "source") is None
    loaded = load_vectors(tmp_path, "target")
    assert loaded is not None
    assert np.array_equal(loaded, matrix)


def test_loading_needs_nothing_but_numpy() -> None:
    program = (
        "import sys, seqloom.vectors.embedding_matrix, seqloom.vocabulary.special_tokens;"
        "sys.exit(bool({'gensim', 'tokenizers', 'pandas', 'pydantic', 'rjieba'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
