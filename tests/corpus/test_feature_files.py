"""Features of rows: read from a column of Parquet, kept beside each split, and every mistake a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.corpus.corpus_files import iterate_inputs, read_split
from seqloom.corpus.feature_statistics import FeatureStatistics
from seqloom.corpus.framed_text import FramedText, framed_row, frames_of, read_frames
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection

ROWS = 30


def frames_for(row: int) -> np.ndarray[Any, Any]:
    return np.full((1 + row % 3, 2), float(row), np.float32) * [1.0, -2.0]


def corpus(
    tmp_path: Path, features: list[Any] | None = None, column: str = "speech", **fields: Any
) -> tuple[Path, dict[str, Any]]:
    table = {
        "source": [f"take {row}" for row in range(ROWS)],
        "target": [f"word{row}" for row in range(ROWS)],
        "speech": features or [frames_for(row).tolist() for row in range(ROWS)],
    }
    pq.write_table(pa.table(table), tmp_path / "rows.parquet")
    options = {"features": column, "validation_share": 0.2, "test_share": 0.2, **fields}
    section = CorpusSection(train=[str(tmp_path / "rows.parquet")], **options)
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder, build_corpus(section, locate(section, tmp_path), folder, unwatched)


@pytest.mark.parametrize("role", ["beside", "instead"])
def test_each_row_of_each_split_has_its_own_features(tmp_path: Path, role: str) -> None:
    folder, facts = corpus(tmp_path, feature_role=role)
    assert facts["features"]["width"] == 2
    kept = []
    for split in ("train", "validation", "test"):
        table = read_split(folder, split)
        for source, target in zip(table["source"], table["target"], strict=True):
            row = int(target.removeprefix("word"))
            assert isinstance(source, FramedText)
            assert source == f"take {row}"
            np.testing.assert_array_equal(source.frames, frames_for(row))
            kept.append((split, row))
        [read] = iterate_inputs(folder, split)
        assert list(read["source"]) == (table["source"].tolist() if role == "beside" else [""] * len(table))
    assert len(kept) == ROWS
    statistics = FeatureStatistics.load(folder)
    assert statistics is not None
    learned = np.concatenate([frames_for(row) for split, row in kept if split == "train"])
    np.testing.assert_allclose(statistics.mean, learned.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.deviation, learned.std(axis=0), rtol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ([[1.0, float("nan")]], r"rows.parquet row 8: features hold NaN"),
        ([[1.0, 2.0, 3.0]], "row 8: features are 3 wide where 2 are expected"),
        ([], "row 8: features are a vector .* not empty"),
        (None, "row 8 has no features"),
    ],
)
def test_features_of_another_width_or_none_are_a_sentence(tmp_path: Path, wrong: Any, why: str) -> None:
    features = [[[1.0, 2.0]] for _ in range(ROWS)]
    features[7] = wrong
    with pytest.raises(UserError, match=why):
        corpus(tmp_path, features, overfit=True, validation_share=0.0, test_share=0.0)


def test_no_such_column_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no column 'picture' \(source, target, speech\)"):
        corpus(tmp_path, column="picture")


@pytest.mark.parametrize("value", ["text", 3.0, [["a"]], [[1.0], [1.0, 2.0]], [[[1.0]]], {"a": 1}, [[None]]])
def test_what_is_no_matrix_of_numbers_is_a_sentence(value: object) -> None:
    with pytest.raises(UserError, match="row 3: features"):
        frames_of(value, 0, "row 3")


def test_a_vector_is_one_frame() -> None:
    assert frames_of([1.0, 2.0], 2, "row").shape == (1, 2)
    with pytest.raises(UserError, match="text 2 has no features"):
        framed_row("only text", 2, "text 2")


def test_features_of_texts_in_files(tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", np.ones((2, 3), np.float32))
    np.savez(tmp_path / "frames.npz", np.ones((4, 3)), np.ones((1, 3)))
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert [each.frames.shape for each in read_frames(tmp_path / "vectors.npy", 3, ["a", "b"])] == [(1, 3), (1, 3)]
    assert [each.frames.shape for each in read_frames(tmp_path / "frames.npz", 3, None)] == [(4, 3), (1, 3)]
    for name, texts, why in (
        ("vectors.npy", ["a"], "features of 2 rows for 1 texts"),
        ("broken.npy", ["a"], "no .npy or .npz file"),
        ("objects.npy", ["a"], "no .npy or .npz file"),
        ("absent.npy", ["a"], "no such file"),
    ):
        with pytest.raises(UserError, match=why):
            read_frames(tmp_path / name, 3, texts)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"encoder": "none"}},
        {"model": {"ngram_order": 2, "decoder": "classifier"}, "task": "sentiment"},
        {"model": {"positions": "learned", "encoder": "transformer"}},
        {"training": {"objective": "masked"}},
        {"corpus": {"memory": 1}},
        {"registry": {"backend": "ctranslate2"}, "model": {"encoder": "transformer", "decoder": "transformer"}},
        {"task": "reconstruction", "corpus": {"format": "texts"}},
    ],
)
def test_what_cannot_read_features_says_so(changes: dict[str, Any]) -> None:
    tree = {"name": "x", **changes}
    tree["corpus"] = {"train": ["a.parquet"], "features": "speech", **changes.get("corpus", {})}
    with pytest.raises(UserError, match="features"):
        check_recipe(tree, "recipe")
