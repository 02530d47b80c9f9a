"""Columns beside source and target reach the test rows, from every format that has columns."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.slice_columns import check_columns, column_values
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

ROWS = pd.DataFrame(
    {
        "source": [f"text {number} of a row" for number in range(40)],
        "target": [f"Text {number} einer Zeile" for number in range(40)],
        "product": ["kettle", "toaster", None, "hob, gas"] * 10,
        "agent": [f"ask a{number}@example.org" for number in range(40)],
    }
)
Write = Callable[[Path], dict[str, Any]]


def to_csv(folder: Path) -> dict[str, Any]:
    ROWS.to_csv(folder / "a.csv", index=False, sep=";")
    return {"train": [str(folder / "a.csv")]}


def to_tsv(folder: Path) -> dict[str, Any]:
    ROWS.to_csv(folder / "a.tsv", index=False, sep="\t")
    return {"train": [str(folder / "a.tsv")]}


def to_excel(folder: Path) -> dict[str, Any]:
    ROWS.to_excel(folder / "a.xlsx", index=False)
    return {"train": [str(folder / "a.xlsx")]}


def to_parquet(folder: Path) -> dict[str, Any]:
    ROWS.to_parquet(folder / "a.parquet", index=False)
    return {"train": [str(folder / "a.parquet")]}


def to_feather(folder: Path) -> dict[str, Any]:
    ROWS.to_feather(folder / "a.feather")
    return {"train": [str(folder / "a.feather")]}


def to_json_lines(folder: Path) -> dict[str, Any]:
    ROWS.to_json(folder / "a.jsonl", orient="records", lines=True)
    return {"train": [str(folder / "a.jsonl")]}


def to_json_array(folder: Path) -> dict[str, Any]:
    ROWS.to_json(folder / "a.json", orient="records", indent=1)
    return {"train": [str(folder / "a.json")], "format": "jsonl"}


def to_database(folder: Path) -> dict[str, Any]:
    with sqlite3.connect(folder / "a.db") as database:
        ROWS.to_sql("tickets", database, index=False)
    database.close()
    return {"train": [f"sqlite:///{folder / 'a.db'}"], "query": "SELECT * FROM tickets"}


def to_two_files(folder: Path) -> dict[str, Any]:
    ROWS[:25].to_csv(folder / "a1.csv", index=False)
    ROWS[25:].to_csv(folder / "a2.csv", index=False)
    return {"train": [str(folder / "a*.csv")]}


WRITERS = (to_csv, to_tsv, to_excel, to_parquet, to_feather, to_json_lines, to_json_array, to_database, to_two_files)


def built(folder: Path, write: Write, **fields: Any) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """The test rows of a corpus, and the columns product and agent of each."""
    section = CorpusSection.model_validate({**write(folder), "test_share": 0.5, **fields})
    (made := folder / "made").mkdir()
    sources = locate(section, folder)
    build_corpus(section, sources, made, unwatched)
    test = read_split(made, "test")
    places = zip(test["origin"].astype(str), test["line"], strict=True)
    check_columns(section, sources, ["product", "agent"], "evaluation.slice_by")
    return test, column_values(section, sources, ["product", "agent"], "evaluation.slice_by", places)


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_with_columns_gives_those_of_the_test_rows(write: Write, tmp_path: Path) -> None:
    test, found = built(tmp_path, write)
    asked = ROWS.fillna("").set_index("source").loc[test["source"]]
    assert len(test) > 10
    assert found == {name: asked[name].tolist() for name in ("product", "agent")}


def test_personal_data_does_not_become_a_slice(tmp_path: Path) -> None:
    _, found = built(tmp_path, to_csv, privacy="replace")
    assert set(found["agent"]) == {"ask [EMAIL_1]"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+49\u00a030\u00a0123\u00a045\u00a067", "[PHONE_1]"),
        ("4111 1111\n1111 1111", "[CARD_1]"),
        ("ann@exam\ufeffple.org", "[EMAIL_1]"),
        ("Grindelwald  Listed", "[NAME_1]"),
        ("Grindelwald", "Grindelwald"),
    ],
)
def test_personal_data_is_found_in_the_normal_form_as_in_rows(value: str, shown: str, tmp_path: Path) -> None:
    (names := tmp_path / "names.txt").write_text("Grindelwald Listed\n", encoding="utf-8")
    ROWS.assign(agent=value).to_csv(file := tmp_path / "a.csv", index=False)
    section = CorpusSection.model_validate({"train": [str(file)], "privacy": "replace", "name_list": str(names)})
    found = column_values(section, locate(section, tmp_path), ["agent"], "f", [(str(file), 2)])
    assert found == {"agent": [shown]}


def test_a_value_that_is_to_be_forgotten_is_none(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("Hob, Gas!\n", encoding="utf-8")
    _, found = built(tmp_path, to_csv, exclude=str(tmp_path / "out.txt"))
    assert set(found["product"]) == {"kettle", "toaster", ""}


def test_a_dot_leads_into_an_object_and_some_rows_may_lack_it(tmp_path: Path) -> None:
    rows = [
        {"source": f"text {n}", "target": f"Text {n}", **({"meta": {"team": f"t{n % 2}"}} if n % 3 else {})}
        for n in range(30)
    ]
    (file := tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    section = CorpusSection.model_validate({"train": [str(file)]})
    places = [(str(file), line) for line in (1, 2, 3)]
    sources = locate(section, tmp_path)
    check_columns(section, sources, ["meta.team"], "f")
    assert column_values(section, sources, ["meta.team"], "f", places) == {"meta.team": ["", "t1", "t0"]}


@pytest.mark.parametrize("write", WRITERS)
def test_a_column_that_is_not_there_is_one_sentence(write: Write, tmp_path: Path) -> None:
    section = CorpusSection.model_validate(write(tmp_path))
    with pytest.raises(UserError) as told:
        check_columns(section, locate(section, tmp_path), ["produkt"], "evaluation.slice_by")
    for part in ("a", "'produkt'", "product", "agent", "correct evaluation.slice_by"):
        assert part in str(told.value)


@pytest.mark.parametrize("write", [to_parquet, to_feather])
def test_of_several_columns_the_missing_one_is_told_beside_all_there_are(write: Write, tmp_path: Path) -> None:
    section = CorpusSection.model_validate(write(tmp_path))
    with pytest.raises(UserError, match="no row has 'agnt' among source, target, product, agent"):
        check_columns(section, locate(section, tmp_path), ["product", "agnt"], "f")


@pytest.mark.parametrize(("name", "form"), [("a.txt", "texts"), ("a.txt", "labeled"), ("a.txt", "running")])
def test_a_file_without_columns_is_refused(name: str, form: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("good a text\n" * 3, encoding="utf-8")
    section = CorpusSection.model_validate({"train": [str(tmp_path / name)], "format": form})
    with pytest.raises(UserError, match=rf"a.txt: has no columns \(format {form}\), and f names some"):
        check_columns(section, locate(section, tmp_path), ["product"], "f")


def test_a_file_that_was_changed_since_is_told(tmp_path: Path) -> None:
    section = CorpusSection.model_validate(to_csv(tmp_path))
    with pytest.raises(UserError, match=r"a.csv line 99: is not there any more"):
        column_values(section, locate(section, tmp_path), ["product"], "f", [(str(tmp_path / "a.csv"), 99)])
