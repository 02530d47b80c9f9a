"""Encodings that are guessed where the recipe asks for it."""

import gzip
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.corpus_statistics import encodings_in_words
from seqloom.corpus.encoding_guess import guess_encoding
from seqloom.corpus.sources import locate
from seqloom.errors import UserError

from .files import corpus, pairs_in, refusal, source_file
from .test_stage import built

TEXTS = {
    "cp1252": ("de", "Der Kühlschrank ist größer – sagte Frau Müßig – als die „Tür“ für 5 €."),
    "latin-1": ("fr", "Il a été créé à l'été, où ça coûte très cher à Besançon."),
    "iso-8859-15": ("es", "El niño comió piñas en Málaga, ¿no? Mañana llegará el pingüino."),
    "cp1250": ("cs", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
    "cp1251": ("ru", "Съешь же ещё этих мягких французских булок, да выпей чаю."),
    "koi8-r": ("ru", "Съешь же ещё этих мягких французских булок, да выпей чаю."),
    "iso-8859-7": ("el", "Η γρήγορη αλεπού πηδάει πάνω από το τεμπέλικο σκυλί στην πόλη."),
    "cp1254": ("tr", "Pijamalı hasta yağız şoföre çabucak güvendi. İstanbul'da görüşürüz."),
    "cp1255": ("he", "השועל החום המהיר קופץ מעל הכלב העצלן בעיר הגדולה."),
    "cp1256": ("ar", "الثعلب البني السريع يقفز فوق الكلب الكسول في المدينة."),
    "gb18030": ("zh", "今天天气很好，我们一起去公园散步吧。他说明天会下雨。"),
    "big5": ("zh", "今天天氣很好，我們一起去公園散步吧。他說明天會下雨。"),
    "shift_jis": ("ja", "今日は天気がいいので、公園を散歩しましょう。明日は雨が降るそうです。"),
    "euc_jp": ("ja", "今日は天気がいいので、公園を散歩しましょう。明日は雨が降るそうです。"),
    "euc_kr": ("ko", "오늘은 날씨가 좋으니 공원을 산책합시다. 내일은 비가 온다고 합니다."),
    "utf-8": ("de", "Grüße – 今日"),
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_text_of_an_encoding_that_is_not_said(encoding: str, packed: str, tmp_path: Path) -> None:
    """The text comes after a hundred kilobytes of ASCII."""
    language, text = TEXTS[encoding]
    rows = [(f"plain text, row {n}", "and its answer") for n in range(3000)] + [("the text", text)]
    content = "".join(f"{source}\t{target}\n" for source, target in [("source", "target"), *rows]).encode(encoding)
    if packed:
        content = gzip.compress(content, 1)
    path = tmp_path / f"a.tsv{packed}"
    path.write_bytes(content)
    section = corpus(train=[str(path)], encoding="auto", source_language="en", target_language=language)
    assert pairs_in(locate(section, tmp_path).train.rows[0], section)[-1][:2] == ("the text", text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_a_mark_or_zero_bytes_tell(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("sep=;\nsource;target\nä;Größe\n".encode(encoding))
    section = corpus(train=[str(path)], encoding="auto")
    assert [pair[:2] for pair in pairs_in(locate(section, tmp_path).train.rows[0], section)] == [("ä", "Größe")]


def test_western_text_without_a_language_is_not_taken_for_another() -> None:
    for text in ("Größe über 5 €", "à bientôt, ça va ?", "El niño comió piñas", "blåbærsyltetøy på brødet"):
        beyond = text.encode("cp1252")
        assert beyond.decode(guess_encoding(beyond, beyond, "a", ("", ""))) == text


def test_a_few_bad_bytes_are_rejects_and_no_other_encoding(tmp_path: Path) -> None:
    good = "".join(f"{n}\tGröße {n}\n" for n in range(50)).encode()
    path = tmp_path / "a.tsv"
    path.write_bytes(b"source\ttarget\n" + good + b"x\tGr\xf6\xdfe\n")
    facts: Any = built(tmp_path, train=[str(path)], encoding="auto", validation_share=0.3, test_share=0.3)
    assert facts["encodings"] == {str(path): "utf-8"}
    assert facts["rejected"] == {"undecodable bytes": 1}
    assert encodings_in_words({"a": "utf-8", "b": "cp1252", "c": "cp1252"}) == "cp1252 of b, c; utf-8 of a"


def test_sides_have_encodings_of_their_own(tmp_path: Path) -> None:
    source_file(tmp_path / "a.en", "plain\n", "lines")
    (tmp_path / "a.ru").write_bytes(("Съешь же ещё этих мягких булок, да выпей чаю\n").encode("cp1251"))
    section = corpus(train=[str(tmp_path / "a.en"), str(tmp_path / "a.ru")], encoding="auto")
    [row] = locate(section, tmp_path).train.rows
    assert [file.encoding for file in row] == ["utf-8", "cp1251"]
    catalog = tmp_path / "a.mo"
    catalog.write_bytes(b"\xde\x12\x04\x95" + bytes(24))
    section = corpus(train=[str(catalog)], encoding="auto")
    assert locate(section, tmp_path).train.rows[0][0].encoding == "utf-8"


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_have_an_encoding_or_a_sentence(content: bytes) -> None:

    with suppress(UserError):
        content.decode(guess_encoding(content, content, "a", ("cs", "de")), "replace")


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    assert "damaged gzip data" in refusal(tmp_path / "a.tsv.gz", b"\x1f\x8b" + bytes(30), encoding="auto")
