import os
import sys
from pathlib import Path

import pytest

from seqloom.corpus.sources import locate
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*names: str, content: str = "a\tb\n") -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        pytest.param(["a.tsv"], [[("a.tsv", "tsv")]], id="a path"),
        pytest.param(["A.CSV.GZ"], [[("A.CSV.GZ", "csv")]], id="capitals, compressed"),
        pytest.param(["po/**/*.po"], [[("po/a.po", "po"), ("po/deep/b.po", "po")]], id="a deep pattern"),
        pytest.param(["[x]/*"], [[("[x]/a.jsonl", "jsonl")]], id="brackets are not special"),
        pytest.param(["l/*.en", "l/*.de"], [[("l/1.en", "lines"), ("l/2.en", "lines")],
                                            [("l/1.de", "lines"), ("l/2.de", "lines")]], id="two patterns"),
    ],
)  # fmt: skip
def test_places_to_files(places: list[str], expected: list[list[tuple[str, str]]], here: Path) -> None:
    write("a.tsv", "A.CSV.GZ", "po/a.po", "po/deep/b.po", "[x]/a.jsonl", "l/1.en", "l/2.en", "l/1.de", "l/2.de")
    columns = list(zip(*locate(CorpusSection(train=places), here).train.rows, strict=True))
    assert [[(file.location, file.format) for file in column] for column in columns] == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"train": ["x.tsv"]}, ["x.tsv: no such file (looked in ", "correct corpus.train"], id="missing"),
        pytest.param({"test": ["x.tsv"]}, ["x.tsv: no such file", "correct corpus.test"], id="missing test"),
        pytest.param({"train": ["x*.tsv"]}, ["x*.tsv: matches no file", "corpus.train"], id="no match"),
        pytest.param({"train": ["folder"]}, ["folder: a folder", "corpus.train"], id="folder"),
        pytest.param({"train": ["empty.tsv"]}, ["empty.tsv: the file is empty", "corpus.train"], id="empty"),
        pytest.param({"train": ["x" * 300]}, ["cannot be read", "corpus.train"], id="name too long"),
        pytest.param({"train": ["l/*.en", "l/1.de"]}, ["l/*.en (2 files)", "l/1.de (1 files)"], id="uneven patterns"),
        pytest.param({"train": ["l/1.en"]}, ["l/1.en", "corpus.format", "tsv, csv, jsonl, po, mo"], id="unknown name"),
        pytest.param({"train": ["a.tsv"], "format": "lines"}, ["two places", "corpus.train"], id="one place of lines"),
        pytest.param({"train": ["a.tsv", "a.tsv"]}, ["two places are aligned lines", "tsv", "corpus.format to lines"],
                     id="two tables"),
        pytest.param({"train": ["l/1.en", "l/1.de"], "format": "csv"}, ["two places", "csv"], id="two places of CSV"),
        pytest.param({"train": ["file:///etc/a.tsv"]}, ["only http://, https://, package://, s3"], id="another scheme"),
        pytest.param({"train": ["package://nosuch/a.mo"]}, ["package nosuch is not installed", "pip install nosuch"],
                     id="no such package"),
        pytest.param({"train": ["package://a.b/a.mo"]}, ["not installed"], id="no name of a package"),
        pytest.param({"train": ["package://__main__/a.mo"]}, ["not installed"], id="main module"),
        pytest.param({"train": ["package://json.py"]}, ["not installed"], id="file as a package"),
    ],
)  # fmt: skip
def test_places_that_lead_nowhere(fields: dict[str, object], said: list[str], here: Path) -> None:
    write("a.tsv", "l/1.en", "l/2.en", "l/1.de")
    write("empty.tsv", content="")
    Path("folder").mkdir()
    with pytest.raises(UserError) as mistake:
        locate(CorpusSection.model_validate({"train": ["a.tsv"], **fields}), here)
    assert [part for part in said if part not in str(mistake.value)] == []


@pytest.fixture
def package(here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "texts_of_a_package"
    write(f"site/{name}/__init__.py", f"site/{name}/data/1.tsv", f"site/{name}/data/2.tsv", "site/secret.tsv")
    monkeypatch.setattr(sys, "path", [*sys.path, str(here / "site")])
    return name


def test_files_inside_a_package(package: str, here: Path) -> None:
    rows = locate(CorpusSection(train=[f"package://{package}/data/*.tsv"]), here).train.rows
    assert [file.location for (file,) in rows] == [f"package://{package}/data/{n}.tsv" for n in (1, 2)]
    assert package not in sys.modules, "it is found, not imported"
    only = locate(CorpusSection(train=[f"package://{package}/data/2.tsv"]), here).train.rows
    assert only == rows[1:]


@pytest.mark.parametrize("inner", ["../secret.tsv", "data/../../secret.tsv", "../*.tsv", "data/link.tsv", "data/link*"])
def test_a_package_is_not_left(package: str, inner: str, here: Path) -> None:
    Path(f"site/{package}/data/link.tsv").symlink_to(here / "site/secret.tsv")
    with pytest.raises(UserError, match="leads out of the package"):
        locate(CorpusSection(train=[f"package://{package}/{inner}"]), here)
    with pytest.raises(UserError, match="leads out of the package"):
        locate(CorpusSection(train=[f"package://{package}/{here}/site/secret.tsv"]), here)


@pytest.mark.parametrize(("inner", "said"), [("x.tsv", "no such file"), ("x*", "matches no file"), ("", "a folder")])
def test_a_package_without_the_file(package: str, inner: str, said: str, here: Path) -> None:
    with pytest.raises(UserError, match=said):
        locate(CorpusSection(train=[f"package://{package}/{inner}"]), here)


def test_digests_go_by_content_and_format(here: Path) -> None:
    write("a.tsv", "sub/b.tsv", "c.csv")
    write("d.tsv", content="else\n")
    by_name = {
        name: locate(CorpusSection(train=[name]), here).digests for name in ("a.tsv", "sub/b.tsv", "c.csv", "d.tsv")
    }
    assert by_name["a.tsv"] == by_name["sub/b.tsv"]
    assert by_name["a.tsv"] != by_name["c.csv"]
    assert by_name["a.tsv"] != by_name["d.tsv"]
    assert by_name["a.tsv"]["test"] == []


def test_a_name_that_is_not_utf8_is_told_as_python_escapes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in Parquet, in JSON and in sentences, none of which holds half a character."""
    monkeypatch.chdir(tmp_path)
    Path(os.fsdecode(b"na\xefve.tsv")).write_text("source\ttarget\na\tb\n")
    [[file]] = locate(CorpusSection(train=["*.tsv"]), tmp_path).train.rows
    assert file.location == r"na\udcefve.tsv"
    assert file.path.is_file()
