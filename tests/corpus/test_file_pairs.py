"""Two patterns pair their files by what * matches, and by nothing else."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.sources import locate
from seqloom.errors import UserError

from .files import corpus

NAMES = st.sets(
    st.text("abc019-_.", min_size=1, max_size=4).filter(lambda name: name[0] != "."), min_size=1, max_size=6
)


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n")


@given(ours=NAMES, theirs=NAMES, ends=st.sampled_from([(".en", ".de"), ("_en", "-de"), (".x.en", ".x")]))
@settings(max_examples=60, deadline=None)
def test_files_pair_by_name_or_not_at_all(ours: set[str], theirs: set[str], ends: tuple[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, *(f"s/{each}{ends[0]}" for each in ours), *(f"t/{each}{ends[1]}" for each in theirs))
        section = corpus(train=[f"{folder}/s/*{ends[0]}", f"{folder}/t/*{ends[1]}"])
        if ours != theirs:
            with pytest.raises(UserError) as mistake:
                locate(section, folder)
            assert all(repr(each) in str(mistake.value) for each in sorted(ours - theirs)[:5])
            return
        rows = locate(section, folder).train.rows
    assert {Path(source.location).name.removesuffix(ends[0]) for source, _ in rows} == ours
    for source, target in rows:
        assert Path(source.location).name.removesuffix(ends[0]) == Path(target.location).name.removesuffix(ends[1])


def test_what_is_missing_on_which_side_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, *(f"part-0{n}.en" for n in (0, 2, 3)), *(f"part-0{n}.de" for n in (0, 1, 2)))
    with pytest.raises(UserError, match=r"^corpus.train: part-\*.en lacks '01' and ./part-\*.de lacks '03', which"):
        locate(corpus(train=["part-*.en", "./part-*.de"]), tmp_path)


def test_folders_are_a_part_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "en/a/1", "en/b/1", "de/a/1", "de/b/1")
    rows = locate(corpus(train=["en/**/*", "de/**/*"]), tmp_path).train.rows
    assert [(source.location, target.location) for source, target in rows] == [
        ("en/a/1", "de/a/1"),
        ("en/b/1", "de/b/1"),
    ]


def test_a_split_the_other_way_round_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "a.en", "a.de", "b.en", "b.de")
    with pytest.raises(UserError, match=r"corpus.test: gives \*.de as the source .* the other way round"):
        locate(corpus(train=["a.en", "a.de"], test=["b.de", "b.en"]), tmp_path)


@pytest.mark.parametrize(
    ("lacking", "said"), [(5, "lacks '0', '1', '2', '3', '4', which"), (7, "'3', '4' and 2 more, which")]
)
def test_the_first_that_are_missing_are_named(lacking: int, said: str, tmp_path: Path) -> None:
    make(tmp_path, "x.en", "x.de", *(f"{number}.en" for number in range(lacking)))
    with pytest.raises(UserError, match=said):
        locate(corpus(train=[f"{tmp_path}/*.en", f"{tmp_path}/*.de"]), tmp_path)
