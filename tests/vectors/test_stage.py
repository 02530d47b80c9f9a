"""The vectors stage, over small folders of the stages before it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.vectors.embedding_matrix import load_vectors
from seqloom.vectors.stage import build_vectors
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies

TRAIN = {
    "source": ["the dog barks", "the cat purrs", "a dog runs"] * 8,
    "target": ["der Hund bellt", "die Katze schnurrt", "ein Hund läuft"] * 8,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for stage in ("corpus", "vocabulary", "shared", "vectors"):
        (tmp_path / stage).mkdir()
    for split in ("train", "validation", "test"):
        pd.DataFrame(TRAIN).to_parquet(tmp_path / "corpus" / f"{split}.parquet", index=False)
    build_vocabulary(
        schema.VocabularySection(kind="word", size=8000), tmp_path / "corpus", tmp_path / "vocabulary", unwatched
    )
    shared = schema.VocabularySection(kind="word", size=8000, shared=True)
    build_vocabulary(shared, tmp_path / "corpus", tmp_path / "shared", unwatched)
    (tmp_path / "en.txt").write_text("dog 1 0\ncat 0 1\n")
    (tmp_path / "de.txt").write_text("hund 2 0\n")
    return tmp_path


def build(home: Path, shared: bool = False, progress: Any = unwatched, **fields: Any) -> dict[str, Any]:
    section = schema.VectorsSection(**{"method": "word2vec", "width": 8, "epochs": 2, **fields})
    vocabulary = home / ("shared" if shared else "vocabulary")
    return build_vectors(section, shared, home / "corpus", vocabulary, home / "vectors", progress)


@pytest.mark.parametrize("method", ["word2vec", "fasttext"])
def test_each_side_has_a_matrix_that_follows_its_vocabulary(method: str, home: Path) -> None:
    facts = build(home, method=method)
    for side, vocabulary in zip(("source", "target"), load_vocabularies(home / "vocabulary"), strict=True):
        matrix = load_vectors(home / "vectors", side)
        assert matrix is not None
        assert matrix.shape == (len(vocabulary), 8)
        assert matrix.dtype == np.float32
    assert facts["coverage"] == {"source": 1.0, "target": 1.0}
    assert facts["width"] == 8
    assert next(iter(facts["neighbors"]["source"])) in ("▁dog", "▁the")
    assert all(len(nearest) == 5 for nearest in facts["neighbors"]["source"].values())
    assert sorted(path.name for path in (home / "vectors").iterdir()) == ["source.npy", "target.npy"]


def test_a_shared_vocabulary_has_one_matrix(home: Path) -> None:
    build(home, shared=True)
    files = [(home / "vectors" / name).read_bytes() for name in ("source.npy", "target.npy")]
    assert files[0] == files[1]


def test_method_none_writes_nothing(home: Path) -> None:
    assert build(home, method="none") == {"coverage": {}, "neighbors": {}, "width": 8, "files": {}}
    assert not list((home / "vectors").iterdir())


def test_one_pretrained_file_serves_its_side_alone(home: Path) -> None:
    facts = build(home, method="pretrained", width=2, source_file=str(home / "en.txt"))
    matrix = load_vectors(home / "vectors", "source")
    source, _ = load_vocabularies(home / "vocabulary")
    assert matrix is not None
    assert matrix[source.tokens.index("▁dog")].tolist() == [1, 0]
    assert load_vectors(home / "vectors", "target") is None
    assert facts["coverage"] == {"source": round(24 / 72, 6)}


def test_shared_pretrained_looks_in_both_files(home: Path) -> None:
    files = {"source_file": str(home / "en.txt"), "target_file": str(home / "de.txt")}
    build(home, shared=True, method="pretrained", width=2, **files)
    tokens = load_vocabularies(home / "shared")[0].tokens
    for side in ("source", "target"):
        matrix = load_vectors(home / "vectors", side)
        assert matrix is not None
        assert matrix[tokens.index("▁dog")].tolist() == [1, 0]
        assert matrix[tokens.index("▁Hund")].tolist() == [2, 0]


def test_a_file_of_another_language_is_the_users_mistake(home: Path) -> None:
    (home / "fr.txt").write_text("chien 1 0\n")
    with pytest.raises(UserError, match=r"vectors\.target_file: no target token has a vector in .*fr\.txt"):
        build(home, method="pretrained", width=2, target_file=str(home / "fr.txt"))


def test_progress_counts_the_passes_of_both_sides(home: Path) -> None:
    calls: list[tuple[object, ...]] = []
    build(home, method="word2vec", progress=lambda *call: calls.append(call))
    assert calls == [(n, 4, "epochs", "source" if n < 3 else "target") for n in (1, 2, 3, 4)]


def test_what_is_odd_in_a_file_is_a_fact_and_is_logged(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    (home / "en.txt").write_bytes(b"1 2\ndog 1 0\ncat 0 1\nch\xe9ri 1 1\n")
    tally = build(home, method="pretrained", width=2, source_file=str(home / "en.txt"))["files"]["source"]
    assert (tally["promised"], tally["rows"], tally["broken"]) == (1, 3, 1)
    assert len(tally["notes"]) == 2
    assert all(note in caplog.text for note in tally["notes"])
