"""A corpus that changed: what is kept of it, and what is done anew, are together the result of doing all anew."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.artifact import fsync
from seqloom.artifact.digest import digest_of_folder
from seqloom.corpus import corpus_segment, shard_reader, shard_scheduler, shard_task, shards
from seqloom.corpus.corpus_segment import INDEX, SegmentWriter
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

from .test_deduplication import OTHERS, PAIRS, UNIQUE, files_of

Pairs = list[tuple[str, str]]
EDITS = st.lists(
    st.tuples(st.sampled_from(["add", "insert", "remove", "change"]), st.integers(0, 40), PAIRS), max_size=3
)


@contextmanager
def small_blocks() -> Iterator[None]:
    """Take every corpus for a large one, in blocks of 4 lines or a file each, that this process reads."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(fsync, "sync"))  # which takes long
        for module, name, value in [
            (shards, "ROWS", 4),
            (shards, "BYTES", 1),
            (shard_reader, "ROWS", 3),
            (shard_scheduler, "BYTES", 1),
        ]:
            stack.enter_context(mock.patch.object(module, name, value))
        stack.enter_context(mock.patch("os.sched_getaffinity", return_value={0}))
        yield


def section_of(folder: Path, train: Pairs, more: Pairs, held: Pairs, form: str, **fields: Any) -> CorpusSection:
    """Write training text in two files, and text for a test if there is any."""
    given = {"part1": OTHERS + train, "part2": [*more, ("at the end", "am Ende")]}
    files = files_of(folder, given | ({"test": [*held, ("only in test", "x")]} if held else {}), form)
    test = {"test": files["test"]} if held else {}
    if form == "texts":
        train_files, fields = ["part*"], {"turns": 2, "format": "texts"}
    else:
        train_files = ["part*.0", "part*.1"]
    named = {"train": [str(folder / pattern) for pattern in train_files], **test}
    return CorpusSection.model_validate({**named, "validation_share": 0.3, "test_share": 0.3, **fields})


def build(section: CorpusSection, folder: Path, artifacts: Path | None) -> tuple[str, int]:
    """Return the digest of the corpus, and how many segments were written."""
    writers = []
    with (
        TemporaryDirectory(dir=folder) as out,
        small_blocks(),
        mock.patch.object(SegmentWriter, "close", autospec=True) as close,
    ):
        close.side_effect = lambda writer: (writers.append(writer), CLOSE(writer))
        build_corpus(section, locate(section, folder), Path(out), unwatched, artifacts)
        return digest_of_folder(Path(out)), len(writers)


CLOSE = SegmentWriter.close


def edited(pairs: Pairs, edits: list[tuple[str, int, Pairs]]) -> Pairs:
    changed = list(pairs)
    for kind, place, others in edits:
        at = place % (len(changed) + 1)
        match kind:
            case "add":
                changed += others
            case "insert":
                changed[at:at] = others
            case "remove":
                del changed[at : at + 1]
            case "change":
                changed[at : at + 1] = others[:1]
    return changed


@settings(max_examples=8, deadline=None)
@given(
    pairs=st.tuples(PAIRS, PAIRS, PAIRS),
    edits=st.tuples(EDITS, EDITS, EDITS),
    filters=st.lists(st.sampled_from(UNIQUE), unique=True),
    form=st.sampled_from(["lines", "texts"]),
    split_by=st.sampled_from(["source", "similar"]),
)
def test_a_corpus_that_changed_equals_one_that_is_built_anew(
    pairs: tuple[Pairs, Pairs, Pairs],
    edits: tuple[list[Any], list[Any], list[Any]],
    filters: list[str],
    form: str,
    split_by: str,
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        fields = {"filters": filters, "split_by": split_by}
        build(section_of(folder, *pairs, form, **fields), folder, folder / "artifacts")
        train, more, held = map(edited, pairs, edits)
        section = section_of(folder, train, more, held, form, **fields)
        assert build(section, folder, folder / "artifacts")[0] == build(section, folder, None)[0]


@pytest.mark.parametrize("empty", ["a", "ac"])
def test_a_file_without_rows_moves_no_verdicts(empty: str, tmp_path: Path) -> None:
    def built(names: str, artifacts: Path | None) -> tuple[str, int]:
        for at, name in enumerate(names):
            rows = [] if name in empty else [f"sentence {n},Satz {n}\n" for n in range(4 * at, 4 * at + 12)]
            (tmp_path / f"{name}.csv").write_text("source,target\n" + "".join(rows), "utf-8")
        section = CorpusSection(train=[str(tmp_path / "*.csv")], validation_share=0.3, test_share=0.3)
        return build(section, tmp_path, artifacts)

    artifacts = tmp_path / "artifacts"
    for names in ("ab", "abcd"):  # rows of a new file equal some of those before it
        assert built(names, artifacts)[0] == built(names, None)[0]
    assert built("abcd", artifacts)[1] == 0


def test_only_what_follows_the_change_is_done_anew(tmp_path: Path) -> None:
    pairs = [(f"sentence {number}", f"Satz {number % 9}") for number in range(40)]

    def built(more: Pairs) -> tuple[str, int]:
        return build(section_of(tmp_path, pairs, more, [], "lines", filters=UNIQUE), tmp_path, tmp_path / "artifacts")

    before, all_of_them = built([("new", "neu")])
    assert built([("new", "neu")]) == (before, 0)
    assert built([("new", "neu"), ("another", "andere")])[1] == 1
    cut_off = ["segment/train.parquet", f"segment/{INDEX}", "rows/part-*", "rows/shard.json"]
    for number, name in enumerate(cut_off):  # as after a loss of power
        sorted(tmp_path.glob(f"artifacts/*/*/{name}"))[number].write_bytes(b"")
    assert built([("new", "neu")])[0] == before
    assert built([("new", "neu")]) == (before, 0)
    assert all_of_them > 10


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_is_kept_is_on_the_disk_before_it_has_its_name(is_kept: bool, tmp_path: Path) -> None:
    seen: list[str] = []
    with (
        mock.patch.object(corpus_segment, "make_durable", side_effect=lambda folder: seen.append(folder.name)),
        mock.patch.object(shard_task, "make_durable", side_effect=lambda folder: seen.append(folder.name)),
    ):
        build(section_of(tmp_path, [], [], [], "lines"), tmp_path, tmp_path / "artifacts" if is_kept else None)
    assert {name.split("-")[0] for name in seen} == ({".segment", ".rows"} if is_kept else set())
