"""Whatever a corpus holds, a page has no script, fetches nothing, and shows the text as it is."""

import base64
import hashlib
import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.reports.html_page import Cell, of_corpus, page, paragraph, section, table, text
from seqloom.reports.svg_drawings import bar, highlighted, histogram, token_map
from seqloom.reports.word_differences import difference

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;</style></title>"
ANY = st.text(max_size=60)


class Elements(HTMLParser):
    """The elements of a page and its text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.shown = ""
        self.feed(source)

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.append(name)
        self.attributes |= {key for key, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.shown += data


def made(value: str) -> str:
    parts = [
        paragraph(value),
        table([value], [[Cell(of_corpus(value))]]),
        difference(value, value[::-1]),
        token_map([value], [value], [[1.0]]),
        highlighted([value], [-0.5]),
        histogram([1], [value], value),
        bar(0.5),
    ]
    return page(value, [text(value)], [section(value, *parts)])


@given(ANY | st.just(HOSTILE))
def test_no_text_becomes_markup(value: str) -> None:
    found, plain = Elements(made(value)), Elements(made("plain"))
    assert set(found.names) <= set(plain.names) | {"ins", "del"}
    assert not {"script", "img", "iframe", "link", "object"} & set(found.names)
    assert not any(name.startswith("on") or name in ("style", "src") for name in found.attributes)


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    source = made(HOSTILE)
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', source)
    [style] = re.findall(r"<style>(.*?)</style>", source, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{allowed}'" in html.unescape(policy)
    assert html.unescape(policy).startswith("default-src 'none'")
    assert not re.findall(r"https?://", source.replace("http://www.w3.org", ""))
    assert HOSTILE in Elements(source).shown


@given(ANY, ANY)
def test_a_difference_holds_both_texts(reference: str, answer: str) -> None:
    shown = str(difference(reference, answer))
    without_deleted = re.sub(r"<del>.*?</del>", "", shown, flags=re.DOTALL)
    without_inserted = re.sub(r"<ins>.*?</ins>", "", shown, flags=re.DOTALL)
    plain = [html.unescape(re.sub(r"<[^>]*>", "", each)) for each in (without_deleted, without_inserted)]
    assert plain == [answer, reference]


@pytest.mark.parametrize(
    ("reference", "answer", "marked"),
    [
        ("the old horse", "the new horse", "the <del>old</del><ins>new</ins> horse"),
        ("早上好", "晚上好", "<del>早</del><ins>晚</ins>上好"),
        ("नदी गहरी है", "नदी है", "नदी <del>गहरी </del>है"),
    ],
)
def test_words_are_compared(reference: str, answer: str, marked: str) -> None:
    assert marked in difference(reference, answer)
