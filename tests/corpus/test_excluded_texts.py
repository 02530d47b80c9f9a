"""Texts that were asked to be forgotten are in no split, and in no file that is written."""

from pathlib import Path
from typing import Any

import pytest

from seqloom.artifact.cache_key import CORPUS
from seqloom.corpus.excluded_texts import ExcludedTexts, text_digest
from seqloom.corpus.filter_preview import preview_filters
from seqloom.corpus.sources import locate
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection

from .test_stage import built, many, sources_of, write

LISTED = ["Call Ann Example!", f"sha256:{text_digest('der geheime Satz').hex()}"]
GONE = [("call ann\u200b example", "x"), ("y", "Der geheime  Satz."), ("CALL ANN EXAMPLE", "again")]


@pytest.fixture
def listed(tmp_path: Path) -> str:
    path = tmp_path / "forgotten.txt"
    path.write_text("\ufeff" + "\r\n".join([*LISTED, ""]), encoding="utf-8")
    return str(path)


def test_rows_with_listed_texts_are_in_no_file(listed: str, tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [*many(60), *GONE])
    test = write(tmp_path / "test.jsonl", [("held out", "x"), GONE[0]])
    (tmp_path / "out").mkdir()
    facts: Any = built(tmp_path / "out", train=[train], test=[test], exclude=listed, filters=["length_ratio"])
    assert facts["rejected"] == {"excluded": 4}
    assert facts["rejects"]["excluded"] == {"source": "", "target": "", "file": test, "line": 2}
    assert not {source for sources in sources_of(tmp_path / "out").values() for source in sources} & {"y", GONE[0][0]}
    written = b"".join(file.read_bytes() for file in (tmp_path / "out").iterdir()).lower()
    assert b"ann" not in written
    section = CorpusSection.model_validate({"train": [train], "exclude": listed})
    [excluded, *_] = preview_filters(section, locate(section, tmp_path), 1000).outcomes
    assert (excluded.name, excluded.dropped) == ("excluded", 3)
    assert {example["source"] for example in excluded.examples} == {""}


def test_a_turn_of_a_dialogue_takes_the_rows_that_have_it(listed: str, tmp_path: Path) -> None:
    dialogues = [f"hello {n} __eou__ good day {n} __eou__ bye {n} __eou__" for n in range(40)]
    dialogues.append("hello there __eou__ Call Ann Example __eou__ why __eou__ so __eou__")
    (tmp_path / "a.txt").write_text("\n".join(dialogues), encoding="utf-8")
    facts: Any = built(
        tmp_path, train=[str(tmp_path / "a.txt")], format="texts", turns=2, exclude=listed, validation_share=0.3
    )
    assert facts["rejected"]["excluded"] == 3


def test_the_list_counts_by_what_it_holds(listed: str) -> None:
    def key() -> str:
        return CORPUS.key(check_recipe({"name": "a", "corpus": {"train": ["x"], "exclude": listed}}, "recipe"), [""])

    before = key()
    assert key() == before
    Path(listed).write_text("another\n", encoding="utf-8")
    assert key() != before


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file (looked in "), (b" \n", "lists no text; write one a line"), (b"\xff\xfe", "is not UTF-8")],
)
def test_a_list_that_is_none(content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(UserError) as caught:
        ExcludedTexts.read(tmp_path / "a.txt", "corpus.exclude")
    assert said in str(caught.value)
    with pytest.raises(UserError, match=r"is a folder, not a file; correct corpus\.exclude"):
        ExcludedTexts.read(tmp_path, "corpus.exclude")


def test_running_text_has_no_rows_to_leave_out() -> None:
    with pytest.raises(UserError, match="cut the text out of the file"):
        check_recipe({"name": "a", "corpus": {"train": ["x"], "format": "running", "exclude": "x"}}, "recipe")
