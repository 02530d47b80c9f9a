"""Spans that an answer carries over: what counts as one, and how a text is put together around them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.recipe.glossary import read_glossary, terms_in
from seqloom.recipe.protected_spans import KINDS, ProtectedText, kinds_of

ALL = list(KINDS)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("Hello {name}, you have %d new {{ items }} and ${cost}", ["{name}", "%d", "{{ items }}", "${cost}"]),
        ("%(user)s owes %.2f %1$s", ["%(user)s", "%.2f", "%1$s"]),
        ("<b>Bold</b> &amp; <br/> <a href='x y'>z", ["<b>", "</b>", "&amp;", "<br/>", "<a href='x y'>"]),
        ("link</a> <1>x</1>", ["</a>", "<1>", "</1>"]),
        ("See https://a.example/b?c=1. Or www.b.example", ["https://a.example/b?c=1", "www.b.example"]),
        ("Write to me@c.example!", ["me@c.example"]),
        ("1,000 rows, -3.5 % of 12:30, v2 and 50%", ["1,000", "-3.5", "12:30", "50%"]),
        ("Write [EMAIL_1] to 2024-01-31", ["[EMAIL_1]", "2024-01-31"]),
        ("a < b and 100 % sure of R&D; {not closed", ["100"]),
    ],
)  # fmt: skip
def test_spans_of_all_kinds(text: str, spans: list[str]) -> None:
    assert list(ProtectedText.of(text, ALL).spans) == spans


def test_kinds_are_named_with_commas() -> None:
    assert kinds_of(" tags,placeholders ,") == ["tags", "placeholders"]
    with pytest.raises(ValueError, match="protect names 'tag': write kinds of urls, tags, placeholders, numbers"):
        kinds_of("tag")


PIECES = st.lists(st.sampled_from(["{a}", "{b}", "<i>", "7", "x.example", "wort", " ", ", ", "\n"]), max_size=12)


@given(PIECES)
def test_a_text_put_together_from_itself_is_itself(pieces: list[str]) -> None:
    text = "".join(pieces)
    protected = ProtectedText.of(text, ALL)
    assert protected.joined(protected.texts) == text.strip()
    assert protected.comes_back(protected.joined(["anything"] * len(protected.texts)), ["tags", "placeholders"]) or any(
        span.isdecimal() for span in protected.spans
    )


def test_each_span_comes_back_as_often() -> None:
    protected = ProtectedText.of("{a} and {a} or {b}", ["placeholders"])
    assert protected.comes_back("{b} {a}{a}", ["placeholders"])
    for answer in ("{a} {b}", "{a} {a} {a} {b}", "{a} {a} {b} {b}", ""):
        assert not protected.comes_back(answer, ["placeholders"])


def test_spans_stand_as_close_as_in_the_source() -> None:
    protected = ProtectedText.of("Click <b>here</b>, {name}!", ["tags", "placeholders"])
    assert protected.attached("Klicken Sie <b> hier </b> , {name} !") == "Klicken Sie <b>hier</b>, {name}!"


def test_terms_are_whole_words_and_the_longer_first() -> None:
    glossary = read_glossary(
        "printer\tDrucker|Druckers\n# a comment\n\nprinter driver\tDruckertreiber\n打印机\tprinter\n"
    )
    assert [term.source for term in terms_in("The Printer driver of a printer, not of printers", glossary)] == [
        "printer driver",
        "printer",
    ]
    assert [term.source for term in terms_in("新打印机到了", glossary)] == ["打印机"]
    [term] = terms_in("a printer", glossary)
    assert term.honored("Farbe des Druckers")
    assert not term.honored("Druckerei")


@pytest.mark.parametrize("text", ["a b", "a\t", "\tb", "a\tb\nA\tc", "a\t|"])
def test_a_glossary_with_a_flaw_names_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"glossary line \d: "):
        read_glossary(text)


@pytest.mark.parametrize(
    "text", ["a" * 300_000, "<a " * 50_000, "http://" + "." * 100_000, "1." * 100_000 + "a", "{" * 100_000]
)
def test_a_long_text_takes_no_long_time(text: str) -> None:
    started = time.process_time()
    ProtectedText.of(text, ALL)
    assert time.process_time() - started < 5
