"""The report of a corpus, and its drift against another."""

import json
from pathlib import Path

import pandas as pd
import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection
from seqloom.reports.corpus_drift import drift_of
from seqloom.reports.corpus_report import alignment_of_pairs, corpus_report, suspicion
from seqloom.reports.language_shares import alphabet_shares, language_shares
from tasks.pages.data_pages import corpus_page

HOSTILE = "<script>alert(1)</script>"


def corpus_of(place: Path, pairs: list[tuple[str, str]]) -> Path:
    place.mkdir()
    (place / "pairs.tsv").write_text("source\ttarget\n" + "\n".join(map("\t".join, pairs)) + "\n", encoding="utf-8")
    section = CorpusSection(train=[str(place / "pairs.tsv")], privacy="replace", test_share=0.2, validation_share=0.2)
    build_corpus(section, locate(section, place), place, unwatched)
    return place


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("corpora")
    first = [(f"the red house {n}", f"das rote Haus {n}") for n in range(60)]
    second = [(f"une phrase {HOSTILE} assez longue écrite à a@b.org {n}", f"ein langer Satz {n}") for n in range(60)]
    return corpus_of(place / "first", first), corpus_of(place / "second", [*second, second[0]])


def test_every_part_is_there_and_no_text_is_markup(corpora: tuple[Path, Path]) -> None:
    first, second = corpora
    shown = corpus_report(second, "Corpus of x", False, drift_of(first, second, "version 3", False))
    for title in ("Splits", "Rejected", "Lengths", "Languages and alphabets", "Personal data", "Drift", "Pairs"):
        assert f">{title}</h2>" in shown
    assert "60 of 61 pairs kept; 1 rejected (1.6%)." in shown
    assert "duplicate" in shown
    assert HOSTILE not in shown
    assert "a@b.org" not in shown
    assert "version 3" in shown


def test_what_normalizers_changed_is_shown_before_and_after(tmp_path: Path) -> None:
    rows = [*((f"the red house {n}", f"das rote Haus {n}") for n in range(60)), (f"{HOSTILE} a\u00a0b", "x")]
    place = tmp_path / "it"
    place.mkdir()
    (place / "pairs.tsv").write_text("source\ttarget\n" + "\n".join(map("\t".join, rows)) + "\n", encoding="utf-8")
    section = CorpusSection(train=[str(place / "pairs.tsv")], test_share=0.2, validation_share=0.2)
    facts = build_corpus(section, locate(section, place), place, unwatched)
    shown = corpus_report(place, "Corpus of x", False)
    assert ">Normalized</h2>" in shown
    assert "a&lt;U+00A0&gt;b" in shown
    assert HOSTILE not in shown
    manifest = Manifest("corpus", "key", "digest", str(place), 0.0, facts)
    assert "| whitespace | 1 |" in "\n".join(corpus_page(manifest))


def test_the_pairs_that_fit_least_are_shown() -> None:
    pairs = [
        (" ".join(f"w{n * k % 40}" for k in (1, 3, 7)), " ".join(f"x{n * k % 40}" for k in (1, 3, 7)))
        for n in range(1200)
    ]
    frame = pd.DataFrame([*pairs, ("w1 w3 w7", "x2 x13 x37")], columns=["source", "target"])
    [(title, shown)] = alignment_of_pairs(frame, False)
    assert title == "Alignment"
    least = shown[shown.index("Least aligned") :]
    assert least.index("x2 x13 x37") < least.index("</tr>", least.index("<tbody>"))
    assert not list(alignment_of_pairs(frame, True))
    assert not list(alignment_of_pairs(frame.head(100), False))


def test_shares_of_languages_and_alphabets() -> None:
    german = ["Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter."] * 9
    russian = ["Это обычное русское предложение о погоде."]
    assert language_shares([*german, *russian, "short"]) == {"de": 0.9, "ru": 0.1}
    assert alphabet_shares(["ab1 я!", "漢カあ"]) == pytest.approx(
        {"Latin": 1 / 3, "Cyrillic": 1 / 6, "Han": 1 / 6, "Katakana": 1 / 6, "Hiragana": 1 / 6}
    )
    assert language_shares([]) == alphabet_shares(["1"]) == {}


def test_labels_in_place_of_target_lengths(corpora: tuple[Path, Path]) -> None:
    shown = corpus_report(corpora[0], "Corpus of x", True)
    assert ">Labels</h2>" in shown
    assert "Target by source" not in shown
    assert "Drift" not in shown


def test_drift_warns_of_what_moved_and_of_nothing_else(corpora: tuple[Path, Path]) -> None:
    first, second = corpora
    assert drift_of(first, first, "version 1", False).warnings == []
    words, shared, length = drift_of(first, second, "version 1", False).warnings
    assert "running words are not in the champion's corpus" in words
    assert "are in both" in shared
    assert "mean source" in length


def test_labels_that_moved(tmp_path: Path) -> None:
    folders = []
    for name, good in (("a", 50), ("b", 80)):
        (tmp_path / name).mkdir()
        labels = ["good"] * good + ["bad"] * (100 - good)
        pd.DataFrame({"source": ["fine text"] * 100, "target": labels}).to_parquet(tmp_path / name / "train.parquet")
        folders.append(tmp_path / name)
    found = drift_of(*folders, "version 1", True)
    assert [warning.startswith("30% of the labels moved") for warning in found.warnings] == [True]


def test_pairs_that_do_not_fit_are_the_most_suspicious() -> None:
    pairs = [(f"a plain sentence {n}", f"ein einfacher Satz {n}") for n in range(50)]
    odd = [("a plain sentence", "x" * 200), ("a copied sentence of some length", "a copied sentence of some length")]
    ranked = suspicion(pd.DataFrame([*pairs, *odd, ("it costs 100", "es kostet 900")], columns=["source", "target"]))
    assert set(ranked.argsort()[-3:].tolist()) == {50, 51, 52}


def test_a_report_is_made_of_what_an_earlier_stage_wrote(corpora: tuple[Path, Path], tmp_path: Path) -> None:
    facts = json.loads((corpora[0] / "report.json").read_text(encoding="utf-8"))
    for added in ("replaced", "sources", "also_in_training"):
        facts.pop(added, None)
    (tmp_path / "report.json").write_text(json.dumps(facts), encoding="utf-8")
    (tmp_path / "train.parquet").write_bytes((corpora[0] / "train.parquet").read_bytes())
    assert "Splits" in corpus_report(tmp_path, "old", False)
