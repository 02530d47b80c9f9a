"""Recall and precision of what is taken for personal data, on 433 lines that were written for this.

`personal_data.tsv` marks what is personal as ⟦TYPE:text⟧ in 25 languages; its numbers are made up, with right check
digits where they have some, and a third of it only looks alike: versions, prices, dates, ISBNs, orders, hashes. It also
marks what nothing finds: names that nothing tells, telephone numbers in one piece, addresses that are spelled out.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from seqloom.corpus.identity_numbers import IDENTITY_NUMBERS
from seqloom.corpus.person_names import NameList
from seqloom.corpus.personal_data import PersonalData

Spans = set[tuple[int, str, int, int]]  # line, type, first and last place

_TABLE = (Path(__file__).parent / "personal_data.tsv").read_text(encoding="utf-8")
LINES = list(csv.DictReader(_TABLE.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
_MARKED = re.compile(r"⟦([A-Z.]+):(.+?)⟧")
RECALL = {"EMAIL": 0.95, "PHONE": 0.9, "IBAN": 1.0, "CARD": 1.0, "IP": 1.0, "URL": 1.0, "ID": 1.0, "NAME": 0.85}
PRECISION = {"EMAIL": 1.0, "PHONE": 0.95, "IBAN": 1.0, "CARD": 1.0, "IP": 0.9, "URL": 1.0, "ID": 0.98, "NAME": 0.95}


def _marked(number: int, text: str) -> tuple[str, Spans]:
    """Return a line without its marks, and what they mark."""
    plain, spans, done = "", set(), 0
    for found in _MARKED.finditer(text):
        plain += text[done : found.start()]
        spans.add((number, found[1].partition(".")[0], len(plain), len(plain) + len(found[2])))
        plain, done = plain + found[2], found.end()
    return plain + text[done:], spans


def _found(number: int, text: str, personal: PersonalData) -> Spans:
    """Return what is replaced in a text, by what is left around it."""
    (replaced,) = personal.replace(text)
    parts = re.split(r"\[([A-Z]+)_\d+\]", replaced)
    around = "(.+?)".join(map(re.escape, parts[::2]))
    matched = re.fullmatch(around, text, re.DOTALL)
    assert matched
    return {(number, kind, *matched.span(at)) for at, kind in enumerate(parts[1::2], start=1)}


@pytest.fixture(scope="module")
def compared() -> tuple[Spans, Spans]:
    """Return what is marked in all lines, and what is found."""
    marked: Spans = set()
    found: Spans = set()
    for number, line in enumerate(LINES):
        text, spans = _marked(number, line["text"])
        marked |= spans
        found |= _found(number, text, PersonalData())
    return marked, found


def test_recall_and_precision_by_type(compared: tuple[Spans, Spans]) -> None:
    marked, found = compared
    of = {name: Counter(kind for _, kind, _, _ in spans) for name, spans in (("marked", marked), ("found", found))}
    right = Counter(kind for _, kind, _, _ in marked & found)
    assert set(of["marked"]) == set(RECALL)
    for kind, least in RECALL.items():
        recall, precision = right[kind] / of["marked"][kind], right[kind] / of["found"][kind]
        said = f"{kind}: {of['marked'][kind]} marked, recall {recall:.3f}, precision {precision:.3f}"
        print(said)
        assert recall >= least, said
        assert precision >= PRECISION[kind], said


def test_each_country_is_in_the_file() -> None:
    countries = {mark.partition(".")[2] for line in LINES for mark, _ in _MARKED.findall(line["text"]) if "." in mark}
    assert countries == {each.country for each in IDENTITY_NUMBERS}


def test_a_list_of_names_finds_what_nothing_tells() -> None:
    texts = [_marked(number, line["text"]) for number, line in enumerate(LINES)]
    names = {text[start:end] for text, spans in texts for _, kind, start, end in spans if kind == "NAME"}
    personal = PersonalData(NameList(frozenset(names)))
    marked = {span for _, spans in texts for span in spans if span[1] == "NAME"}
    found = {span for number, (text, _) in enumerate(texts) for span in _found(number, text, personal)}
    assert marked <= found
