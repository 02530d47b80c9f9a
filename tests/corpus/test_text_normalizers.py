"""Normalizers of a recipe: what each does, that the default is what was always done, and what is told of them."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.filter_preview import preview_filters
from seqloom.corpus.normalization import normalize
from seqloom.corpus.sources import locate
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.decoding.generator import Generator
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS, RULES, complete_normalizers, parse_normalizer
from seqloom.recipe.schema import CorpusSection

from .test_normalization import ANY_CHARACTER
from .test_stage import built, many, write

ALL = [name if rule.name != "replace" else "replace:x+=>y" for name, rule in RULES.items()]
ANY_TEXT = st.text(ANY_CHARACTER) | st.lists(
    st.sampled_from(["&amp;", "&lt;", "b", ">", "<", "&#39;", "Ａ", " ", "—", "“", "\u200b", "xx", "e\u0301", "<br>"])
).map("".join)


def normalized(text: str, *names: str, keep: bool = False, side: str = "source") -> str:
    return TextNormalizers(complete_normalizers(names), keep).of_side(text, side)


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (["unicode_form:NFKC"], "ﬁ ½ Ａ", "fi 1⁄2 A"),
        (["width"], "ＡＢＣ１２３！\u3000ｶﾞ ﬁ", "ABC123! ガ ﬁ"),
        (["zero_width"], "us\u200ber\u00adna\u2066me نمی\u200cخواهم", "username نمی\u200cخواهم"),
        (["html_entities"], "Tom &amp;amp; J&eacute;r&#244;me &unknown; AT&T", "Tom & Jérôme &unknown; AT&T"),
        (["html_tags"], "<p>a <b>bold</b><br/>word</p> 1 < 2 <!-- x --><script>f()</script>", "a bold word 1 < 2"),
        (["quotes"], "„so“, «x» and ’tis", '"so", "x" and \'tis'),
        (["dashes"], "a—b, 1–2, −3", "a - b, 1-2, -3"),
        (["lowercase"], "Ein ÄPFEL", "ein äpfel"),
        (["replace:([0-9]),([0-9])=>\\1.\\2"], "1,2,3", "1.2.3"),
        (["replace: +$=> "], "a  ", "a"),
        (["html_entities", "html_tags"], "&lt;b&gt;x", "x"),
        (["html_tags", "html_entities"], "&lt;b&gt;x", "x"),
        (["target.lowercase"], "ABC", "ABC"),
    ],
)
def test_what_each_does(names: list[str], text: str, expected: str) -> None:
    assert normalized(text, *names) == expected


def test_white_space_that_is_kept_is_kept_by_each() -> None:
    text = "def f(x):\n\treturn\u00a0x"
    assert normalized(text, *(name for name in ALL if "NFKC" not in name and "replace" not in name), keep=True) == text


@given(ANY_TEXT, st.booleans())
def test_the_default_list_is_what_was_always_done(text: str, keep: bool) -> None:
    chain = TextNormalizers(DEFAULT_NORMALIZERS, keep)
    assert chain.of_side(text, "source") == normalize(text, keep)
    stepped = text
    for _, _, after in chain.changes(text, "source"):
        stepped = after
    assert stepped == normalize(text, keep)


@given(ANY_TEXT, st.booleans(), st.lists(st.sampled_from(ALL), unique=True, max_size=4))
def test_a_text_in_normal_form_stays_as_it_is(text: str, keep: bool, names: list[str]) -> None:
    once = normalized(text, *names, keep=keep)
    assert normalized(once, *names, keep=keep) == once
    assert normalize(once, keep) == once


def test_what_is_left_out_is_added_at_the_end() -> None:
    section = CorpusSection(train=["x.tsv"], normalizers=["unicode_form:NFKC", "source.lowercase"])
    assert section.normalizers == ["unicode_form:NFKC", "source.lowercase", "control_characters", "whitespace"]
    assert CorpusSection(train=["x.tsv"]).normalizers == list(DEFAULT_NORMALIZERS) == complete_normalizers([])
    assert complete_normalizers(["target.unicode_form:NFKC"])[-2:] == ["unicode_form:NFC", "whitespace"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("lower_case", "did you mean lowercase?"),
        ("spam", "they are control_characters, "),
        ("both.lowercase", "a side is source or target"),
        ("source.whitespace", "its side cannot be chosen, so write whitespace"),
        ("lowercase:x", "is too much"),
        ("unicode_form:NFD", "NFC or NFKC"),
        ("replace", "wants its REGEX=>TEXT"),
        ("replace:a", "is written REGEX=>TEXT"),
        ("replace:(=>x", "RE2 does not take"),
        ("replace:(a)=>\\2", "RE2 does not take"),
        ("replace:a*=>x", "matches the empty text"),
        ("replace:a=>aa", "never come to an end"),
    ],
)
def test_what_is_wrong_is_said(written: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as mistake:
        CorpusSection(train=["x.tsv"], normalizers=[written])
    assert said in str(mistake.value)
    with pytest.raises(ValueError, match="comes twice"):
        CorpusSection(train=["x.tsv"], normalizers=["lowercase", "lowercase"])


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_the_form_of_each_can_be_written(rule: Any) -> None:
    form = rule.form.replace("REGEX", "x")
    assert str(parse_normalizer(form)) == form


def test_changes_are_counted_with_examples_in_report_and_preview(tmp_path: Path) -> None:
    rows = [*many(300), ("Tom &amp; Jerry", "a\u00a0b"), ("x &lt; y", "<b>z</b>")]
    fields = {"train": [write(tmp_path / "train.jsonl", rows)], "normalizers": ["html_entities", "target.html_tags"]}
    facts: Any = built(tmp_path, **fields)
    counts = {name: of["rows"] for name, of in facts["normalized"].items()}
    assert counts == {"html_entities": 2, "target.html_tags": 1, "whitespace": 1}
    [space] = facts["normalized"]["whitespace"]["examples"]
    assert (space["side"], space["before"], space["after"], space["line"]) == ("target", "a<U+00A0>b", "a b", 301)
    kept = {row for split in ("train", "validation", "test") for row in read_split(tmp_path, split).source}
    assert {"Tom & Jerry", "x < y"} <= kept
    section = CorpusSection.model_validate(fields)
    found = preview_filters(section, locate(section, tmp_path), 10_000)
    assert found.normalized.as_json() == facts["normalized"]
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["normalized"] == facts["normalized"]


def test_an_example_shows_no_personal_data(tmp_path: Path) -> None:
    rows = [*many(300), ("mail \u00a0 me@example.com", "x")]
    facts: Any = built(tmp_path, train=[write(tmp_path / "train.jsonl", rows)], privacy="replace")
    assert facts["normalized"]["whitespace"] == {"rows": 1, "examples": []}


def test_excluded_texts_are_found_as_they_were_read(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").write_text("call Ann at home\n", encoding="utf-8")
    rows = [*many(300), ("call Ann at home", "x")]
    fields = {"train": [write(tmp_path / "train.jsonl", rows)], "exclude": str(tmp_path / "gone.txt")}
    facts: Any = built(tmp_path, **fields, normalizers=["replace:Ann=>[NAME]"])
    assert facts["rejected"] == {"excluded": 1}


def test_what_a_model_is_asked_is_normalized_as_its_training_text_was() -> None:
    asked: list[list[str]] = []
    vocabulary: Any = SimpleNamespace(keeps_whitespace=False, encode=lambda texts: asked.append(list(texts)) or [[]])
    for names in (DEFAULT_NORMALIZERS, complete_normalizers(["html_entities", "source.lowercase", "target.quotes"])):
        generator = Generator(
            SimpleNamespace(frame_width=0), vocabulary, vocabulary, SimpleNamespace(), normalizers=names
        )  # type: ignore[arg-type]
        generator.encode(["A &amp; “B”"])
    assert asked == [["A &amp; “B”"], ["a & “b”"]]
