"""Features of rows: of a Parquet column or a NumPy file, kept beside each split, and every mistake a sentence."""

import csv
import errno
import io
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.batch_inference.input_table import open_input
from seqloom.corpus import feature_listing, shards
from seqloom.corpus.corpus_files import iterate_inputs, read_split
from seqloom.corpus.feature_array import FeatureArray
from seqloom.corpus.feature_statistics import FeatureStatistics
from seqloom.corpus.framed_text import FramedText, framed_row, frames_of, read_frames
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection
from tests.corpus.site import Site

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


NO_NUMBERS = [
    *["text", 3.0, [["a"]], ["1.5", "2"], [1, "2"], [[1.0], [1.0, 2.0]], [[[1.0]]], {"a": 1}, [[None]], [10**400]],
    *[
        [1j],
        [[1.0, 2j]],
        np.ones(2, complex),
        np.ones((2, 2), complex),
        np.array(["1.5", "2"]),
        np.array([b"1"]),
        np.array([1, "2"], object),
    ],
    *[np.array([1 + 2j, None], object), np.array(["2026-11-30"], "datetime64[D]"), np.zeros(2, [("a", float)])],
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_matrix_of_numbers_is_a_sentence(value: object) -> None:
    with pytest.raises(UserError, match="row 3: features"):
        frames_of(value, 0, "row 3")


@pytest.mark.parametrize(
    "value",
    [
        *[[1, 2.0], (True, 2), [[1, 2]], [np.float32(1), np.int64(2)], [np.array([1, 2])], [Decimal(1), Decimal(2)]],
        *[np.array([[1, 2]], kind) for kind in ("i1", "u8", "f2", "f8", "longdouble", "O")],
        *[np.array([np.array([1, 2])] * 2 + [None], object)[:2], np.array([1, 2], ">f4")],
    ],
    ids=repr,
)
def test_whatever_kind_the_numbers_are_of(value: object) -> None:
    assert {tuple(frame) for frame in frames_of(value, 2, "row").tolist()} == {(1.0, 2.0)}
    assert frames_of([10**30, 1], 2, "row").tolist() == [[np.float32(1e30), 1.0]], "more than 64 bits"


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


SOURCES = [f"take\n{row}" if row == 5 else f"take {row}" for row in range(ROWS)]
TARGETS = ["" if row == 7 else f"word{row}" for row in range(ROWS)]  # a row that is rejected has features, too
VECTORS = [np.array([row / 7, -row, 1e-3]) for row in range(ROWS)]


def write_csv(folder: Path) -> list[Path]:
    with (file := folder / "rows.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("source", "target"), *zip(SOURCES, TARGETS, strict=True)])
    return [file]


def write_jsonl(folder: Path) -> list[Path]:
    pairs = zip(SOURCES, TARGETS, strict=True)
    lines = [json.dumps({"source": source, "target": target}) for source, target in pairs]
    (file := folder / "rows.jsonl").write_text("\n\n".join(lines))
    return [file]


def write_lines(folder: Path) -> list[Path]:
    for name, texts in (("rows.en", SOURCES), ("rows.de", TARGETS)):
        (folder / name).write_text("".join(text.replace("\n", " ") + "\n" for text in texts))
    return [folder / "rows.en", folder / "rows.de"]


def write_parquet(folder: Path) -> list[Path]:
    pq.write_table(pa.table({"source": SOURCES, "target": TARGETS}), folder / "rows.parquet")
    return [folder / "rows.parquet"]


def frames_of_splits(section: CorpusSection, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    build_corpus(section, locate(section, folder), folder, unwatched)
    tables = {split: read_split(folder, split) for split in ("train", "validation", "test")}
    rows = {
        split: [(text.split()[1], text.frames.tolist()) for text in table["source"]] for split, table in tables.items()
    }
    return {**rows, "statistics": FeatureStatistics.load(folder)}


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_lines, write_parquet])
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_a_numpy_file_gives_what_a_parquet_column_does(
    tmp_path: Path, write: Callable[[Path], list[Path]], ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROWS", 4)  # blocks of few rows
    options = {"features": "sound", "validation_share": 0.2, "test_share": 0.2, "max_reject_share": 0.1}
    columns = {"source": SOURCES, "target": TARGETS, "sound": [each.tolist() for each in VECTORS]}
    pq.write_table(pa.table(columns), tmp_path / "columns.parquet")
    of_column = CorpusSection(train=[str(tmp_path / "columns.parquet")], **options)
    of_file = CorpusSection(train=list(map(str, write(tmp_path))), **options)
    with pytest.raises(UserError, match=r"has no column 'sound'.*neither rows\.sound\.npy nor rows\.sound\.npz"):
        locate(of_file, tmp_path)
    if ending == "npy":
        np.save(tmp_path / "rows.sound.npy", np.stack(VECTORS))
    else:
        np.savez_compressed(tmp_path / "rows.sound.npz", *VECTORS)
    assert frames_of_splits(of_file, tmp_path / "ours") == frames_of_splits(of_column, tmp_path / "theirs")
    [shard] = open_input(Path(of_file.train[0]), "auto", "source", "sound").shards(ROWS)
    assert [each["features"].tolist() for each in shard.texts] == columns["sound"]


def test_the_digest_of_a_corpus_knows_the_features_beside_it(tmp_path: Path) -> None:
    section = CorpusSection(train=list(map(str, write_lines(tmp_path))), features="sound")
    np.save(tmp_path / "rows.sound.npy", np.ones((ROWS, 2)))
    before = locate(section, tmp_path).digests
    assert locate(section.model_copy(update={"features": ""}), tmp_path).digests != before
    np.save(tmp_path / "rows.sound.npy", np.zeros((ROWS, 2)))
    assert locate(section, tmp_path).digests != before


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.ones((ROWS + 1, 2)), r"rows.sound.npy: features of 31 rows for 30 rows of .*rows.en; give as many"),
        (
            np.where(np.arange(ROWS)[:, None] == 4, np.nan, np.ones((ROWS, 2))),
            r"sound.npy row 5 \(for .*rows.en line 5\)",
        ),
        (np.full((ROWS, 2), 1e300), "features hold NaN or infinity"),
        (np.ones(ROWS), "sound.npy row 1 .*features are a vector of numbers"),
        (np.array(3.0), "is no .npy or .npz file of numbers"),
        (np.full((ROWS, 2), "text"), "features are a vector of numbers"),
        (np.full((ROWS, 2), {}), "is no .npy or .npz file of numbers .*Python objects"),
    ],
)
def test_a_wrong_numpy_file_is_a_sentence(tmp_path: Path, array: np.ndarray[Any, Any], why: str) -> None:
    options = {"features": "sound", "overfit": True, "max_reject_share": 0.1}
    section = CorpusSection(train=list(map(str, write_lines(tmp_path))), **options)
    np.save(tmp_path / "rows.sound.npy", array, allow_pickle=True)
    (tmp_path / "corpus").mkdir()
    with pytest.raises(UserError, match=why):
        build_corpus(section, locate(section, tmp_path), tmp_path / "corpus", unwatched)


def packed(member: bytes, header: bytes = b"", **changes: int) -> bytes:
    """A zip file with one array, of which the central directory may say something else."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("arr_0.npy", header + member)
    data = bytearray(content.getvalue())
    local, central = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    for name, value in changes.items():
        at = {"flags": (6, 8), "method": (8, 10)}[name]
        for start, offset in zip((local, central), at, strict=True):
            data[start + offset] = value
    return bytes(data)


def saved(array: np.ndarray[Any, Any]) -> bytes:
    np.save(content := io.BytesIO(), array)
    return content.getvalue()


def huge() -> bytes:
    np.lib.format.write_array_header_1_0(
        content := io.BytesIO(), {"descr": "<f8", "fortran_order": False, "shape": (10**12, 4)}
    )
    return content.getvalue()


def spoiled() -> bytes:
    content = bytearray(packed(saved(np.arange(2000.0))))
    content[60:400] = bytes(255 - each for each in content[60:400])
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        packed(saved(np.ones((ROWS, 2))), flags=1),
        packed(saved(np.ones((ROWS, 2))), method=99),
        packed(huge()),
        packed(b"", huge().replace(b"1000000000000", b"9" * 13)),
        spoiled(),
        packed(saved(np.ones((ROWS, 2)))[:150]),
    ],
    ids=["encrypted", "unknown compression", "beyond any memory", "another such", "damaged", "cut"],
)
def test_a_damaged_archive_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (file := tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.npz: is no \.npy or \.npz file of numbers \(.+\); correct --features"):
        read_frames(file, 0, None)


def test_a_name_beside_a_text_that_no_disk_takes_is_a_sentence(tmp_path: Path) -> None:
    rows = write_csv(tmp_path)[0].rename(tmp_path / f"{'r' * 100}.csv")
    section = CorpusSection(train=[str(rows)], features="s" * 200)
    with pytest.raises(UserError, match=r"cannot be read \(File name too long\); correct corpus.features"):
        locate(section, tmp_path)


def test_fetched_text_has_no_file_beside_it(tmp_path: Path, site: Site) -> None:
    write_csv(site.root)
    np.save(site.root / "rows.sound.npy", np.ones((ROWS, 2)))
    place = f"{site.url}/rows.csv"
    with pytest.raises(UserError, match=r"/rows\.csv: has no column 'sound', and no file is beside") as error:
        locate(CorpusSection(train=[place], features="sound"), tmp_path)
    [name] = [each.name for each in (tmp_path / "downloads").iterdir()]
    assert name.split(".")[0] not in str(error.value), "a name of the cache is nothing to a user"
    columns = {"source": SOURCES, "target": TARGETS, "sound": [each.tolist() for each in VECTORS]}
    pq.write_table(pa.table(columns), site.root / "rows.parquet")
    [[file]] = locate(CorpusSection(train=[f"{site.url}/rows.parquet"], features="sound"), tmp_path).train.rows
    assert file.features is None


def test_features_lie_in_the_folder_of_their_text(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    section = CorpusSection(train=list(map(str, write_lines(tmp_path / "inner"))), features="/../../rows.sound")
    np.save(tmp_path / "rows.sound.npy", np.ones((ROWS, 2)))
    with pytest.raises(UserError, match="is no part of the name of a file"):
        locate(section, tmp_path)


def test_a_folder_of_features_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r": is a folder, not a file; correct --features"):
        FeatureArray(tmp_path, "--features")


def listing(folder: Path, form: str, names: list[str]) -> CorpusSection:
    """A table whose column names the features of each row, as a manifest of speech does."""
    columns = {"source": SOURCES, "target": TARGETS, "audio": names}
    file = folder / f"rows.{form}"
    if form == "csv":
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([tuple(columns), *zip(*columns.values(), strict=True)])
    elif form == "jsonl":
        rows = zip(*columns.values(), strict=True)
        file.write_text("\n".join(json.dumps(dict(zip(columns, row, strict=True))) for row in rows))
    else:
        pq.write_table(pa.table(columns), file)
    return CorpusSection(
        train=[str(file)], features="audio", validation_share=0.2, test_share=0.2, max_reject_share=0.1
    )


@pytest.fixture
def clips(tmp_path: Path) -> list[str]:
    (tmp_path / "clips").mkdir()
    for row in range(ROWS):
        np.save(tmp_path / "clips" / f"{row}.npy", frames_for(row).astype("f2" if row % 2 else "f8"))
    return [f"clips/{row}.npy" for row in range(ROWS)]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_column_may_name_a_file_for_each_row(form: str, tmp_path: Path, clips: list[str]) -> None:
    columns = {"source": SOURCES, "target": TARGETS, "audio": [frames_for(row).tolist() for row in range(ROWS)]}
    pq.write_table(pa.table(columns), tmp_path / "columns.parquet")
    section = listing(tmp_path, form, clips)
    of_column = section.model_copy(update={"train": [str(tmp_path / "columns.parquet")]})
    assert frames_of_splits(section, tmp_path / "ours") == frames_of_splits(of_column, tmp_path / "theirs")
    table = open_input(Path(section.train[0]), "auto", "source", "audio")
    asked = [row["features"].tolist() for shard in table.shards(7) for row in shard.texts]
    assert asked == columns["audio"], "and so does a batch"
    before = locate(section, tmp_path).digests
    np.save(tmp_path / "clips/3.npy", np.zeros((1, 2)))
    assert locate(section, tmp_path).digests != before, "the bytes of each file count"
    (tmp_path / "clips").rename(tmp_path / "moved")
    with pytest.raises(UserError, match=r"line \d+ \(clips/\d+.npy\): no such file"):
        frames_of_splits(section, tmp_path / "none")


OUTSIDE = "leads out of the folder of"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "rows.csv line 6 has no features: name a .npy file in corpus.features"),
        ("clips/absent.npy", r"rows.csv line 6 \(clips/absent.npy\): no such file"),
        ("clips.npy", r"line 6 \(clips.npy\): is a folder"),
        ("clips/0.wav", r"line 6 \(clips/0.wav\): features are named as .npy files; .*, or as vectors into Parquet"),
        ("../outside.npy", OUTSIDE),
        ("clips/../../outside.npy", OUTSIDE),
        ("/etc/outside.npy", OUTSIDE),
        ("link.npy", OUTSIDE),
        ("{tmp}/outside.npy", OUTSIDE),
        ("nul\0.npy", "line 6 .*"),
        ("x" * 300 + ".npy", "line 6 .*cannot be read"),
    ],
)
def test_a_name_of_features_that_leads_nowhere(name: str, sentence: str, tmp_path: Path, clips: list[str]) -> None:
    (inner := tmp_path / "inner").mkdir()
    (tmp_path / "clips").rename(inner / "clips")
    (inner / "clips.npy").mkdir()
    np.save(tmp_path / "outside.npy", np.ones((1, 2)))
    (inner / "link.npy").symlink_to(tmp_path / "outside.npy")
    clips[4] = name.format(tmp=tmp_path)
    section = listing(inner, "csv", clips)
    with pytest.raises(UserError, match=sentence):
        frames_of_splits(section, tmp_path / "corpus")
    [rows] = open_input(Path(section.train[0]), "auto", "source", "audio").shards(ROWS)
    assert list(rows.wrong) == [4], "a batch goes on"


def test_a_row_that_is_rejected_needs_no_features(tmp_path: Path, clips: list[str]) -> None:
    section = listing(tmp_path, "jsonl", clips)
    file = Path(section.train[0])
    rows = file.read_text().split("\n")
    rows[4] = json.dumps({"source": "", "target": "x", "audio": ""})
    file.write_text("\n".join(rows))
    found = frames_of_splits(section, tmp_path / "corpus")
    numbers = {number for split in ("train", "validation", "test") for number, _ in found[split]}
    assert SOURCES[4].split()[1] not in numbers
    assert SOURCES[5].split()[1] in numbers


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_malformed_row_of_a_batch_fails_alone(form: str, tmp_path: Path, clips: list[str]) -> None:
    file = Path(listing(tmp_path, form, clips).train[0])
    rows = file.read_text().split("\n")
    rows[4] = '{"source' if form == "jsonl" else "alone"
    file.write_text("\n".join(rows))
    [read] = open_input(file, "auto", "source", "audio").shards(ROWS)
    [(_, wrong)] = read.wrong.items()
    assert "features" not in wrong, "what is told is its own fault"


def test_no_file_of_a_row_stays_open(tmp_path: Path, clips: list[str]) -> None:
    table = open_input(Path(listing(tmp_path, "csv", clips).train[0]), "auto", "source", "audio")
    before = len([*Path("/proc/self/fd").iterdir()])
    rows = list(table.shards(ROWS))
    assert len([*Path("/proc/self/fd").iterdir()]) == before, rows


def test_a_file_that_cannot_be_read_now_is_no_empty_one(
    tmp_path: Path, clips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    section, digest_of_file = listing(tmp_path, "csv", clips), feature_listing.digest_of_file

    def digest(path: Path) -> str:
        if path.name == "4.npy":
            raise OSError(errno.EMFILE, "Too many open files")
        return digest_of_file(path)

    monkeypatch.setattr(feature_listing, "digest_of_file", digest)
    with pytest.raises(UserError, match=r"line 6 \(clips/4.npy\): cannot be read \(Too many open files\)"):
        locate(section, tmp_path)


def test_names_may_be_categories(tmp_path: Path, clips: list[str]) -> None:
    section = listing(tmp_path, "parquet", clips)
    plain = frames_of_splits(section, tmp_path / "plain")
    table = pq.read_table(section.train[0])
    at = table.schema.get_field_index("audio")
    pq.write_table(table.set_column(at, "audio", table["audio"].dictionary_encode()), section.train[0])
    assert frames_of_splits(section, tmp_path / "categories") == plain
    [rows] = open_input(Path(section.train[0]), "auto", "source", "audio").shards(ROWS)
    assert not rows.wrong
    assert rows.texts[3]["features"].tolist() == frames_for(3).tolist()


def test_half_a_parquet_file_is_a_sentence(tmp_path: Path, clips: list[str]) -> None:
    section = listing(tmp_path, "parquet", clips)
    file = Path(section.train[0])
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(UserError, match=r"rows\.parquet: not a Parquet file that can be read"):
        locate(section, tmp_path)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.ones((2, 3)), r"line 6 \(clips/4.npy\): features are 3 wide where 2 are expected"),
        (np.ones((1, 2, 2)), r"clips/4.npy\): is an array of 1 × 2 × 2; give frames × features"),
        (np.ones((10_001, 2), "i1"), "is an array of 10001 × 2; give frames × features, 10,000 frames at most"),
        (np.array([[{}, {}]]), r"clips/4.npy\): is no .npy file of numbers .*Python objects"),
        (np.array([["a", "b"]]), r"clips/4.npy\): features are a vector of numbers"),
        (np.full((1, 2), np.nan), r"clips/4.npy\): features hold NaN"),
        (np.ones((0, 2)), r"clips/4.npy\): features are a vector of numbers.*not empty"),
        (None, r"clips/4.npy\): is no .npy file of numbers"),
    ],
)
def test_a_wrong_file_of_a_row_is_a_sentence(array: Any, sentence: str, tmp_path: Path, clips: list[str]) -> None:
    if array is None:
        np.savez(tmp_path / "archive.npz", np.ones((1, 2)))
        (tmp_path / "archive.npz").rename(tmp_path / "clips/4.npy")
    else:
        np.save(tmp_path / "clips/4.npy", array, allow_pickle=True)
    section = listing(tmp_path, "csv", clips).model_copy(
        update={"overfit": True, "validation_share": 0.0, "test_share": 0.0}
    )
    (tmp_path / "corpus").mkdir()
    with pytest.raises(UserError, match=sentence):
        build_corpus(section, locate(section, tmp_path), tmp_path / "corpus", unwatched)


def test_a_batch_goes_on_past_a_file_without_numbers(tmp_path: Path, clips: list[str]) -> None:
    (tmp_path / "clips/4.npy").write_bytes(b"RIFF")
    table = open_input(Path(listing(tmp_path, "csv", clips).train[0]), "auto", "source", "audio")
    [rows] = table.shards(ROWS)
    assert list(rows.wrong) == [4]
    assert "rows.csv row 5 (clips/4.npy): is no .npy file of numbers" in rows.wrong[4]
    assert len(rows.texts) == ROWS


def test_names_of_features_lead_nowhere_in_fetched_text(tmp_path: Path, site: Site, clips: list[str]) -> None:
    listing(site.root, "csv", clips)
    with pytest.raises(UserError, match=r"its column 'audio' names files, and none is beside what comes from"):
        locate(CorpusSection(train=[f"{site.url}/rows.csv"], features="audio"), tmp_path)
