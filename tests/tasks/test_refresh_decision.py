"""A refresh trains on what changed; a large shift from the champion's corpus warns of it, or stops it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection, Recipe
from seqloom.registry import corpus_reports
from seqloom.reports.corpus_drift import DRIFT_LIMITS, DriftLimits
from tasks import refresh_decision
from tasks.refresh_decision import RefreshDecision

RECIPE: Recipe = check_recipe({"name": "it", "task": "translation", "corpus": {"train": ["x.tsv"]}}, "it")


def corpus_of(folder: Path, word: str) -> Path:
    folder.mkdir()
    rows = "".join(f"the {word} house {n}\tdas Haus {n}\n" for n in range(60))
    (folder / "pairs.tsv").write_text(f"source\ttarget\n{rows}", encoding="utf-8")
    section = CorpusSection(train=[str(folder / "pairs.tsv")], test_share=0.2, validation_share=0.2)
    build_corpus(section, locate(section, folder), folder, unwatched)
    return folder


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """A corpus that changed since version 3, the champion, was trained."""
    before = corpus_of(tmp_path / "before", "red")
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(refresh_decision, "connect", lambda _: None)
    for module in (refresh_decision, corpus_reports):
        monkeypatch.setattr(module, "newest_version", lambda *_: SimpleNamespace(name="it", version="3"))
    monkeypatch.setattr(refresh_decision, "stages_of_version", lambda *_: {"corpus": "digest of before"})
    monkeypatch.setattr(refresh_decision.Store, "find_by_digest", lambda *_: SimpleNamespace(path=before))
    monkeypatch.setattr(corpus_reports, "aliases_of", lambda *_: {"champion": 3})
    monkeypatch.setattr(corpus_reports, "training_corpus", lambda *_: before)
    return Manifest("corpus", "key", "digest", str(corpus_of(tmp_path / "after", "spacious old")), 0.0)


def decided(corpus: Manifest, limits: DriftLimits, *, share: float = 0.05, stops: bool = False) -> RefreshDecision:
    found: RefreshDecision = refresh_decision.decide.fn(RECIPE, corpus, share, limits, stops)
    return found


def test_a_large_shift_warns_or_stops_and_nothing_else_does(grown: Manifest) -> None:
    warned = decided(grown, DRIFT_LIMITS)
    assert (warned.train, warned.held) == (True, False)
    assert "the corpus has drifted from that of version 3: " in warned.why
    assert any("running words are not in the champion's corpus" in each for each in warned.warnings)
    held = decided(grown, DRIFT_LIMITS, stops=True)
    assert (held.train, held.held, held.warnings) == (False, True, warned.warnings)
    wide = DriftLimits(unknown_share=1, shared_words=0, length_shift=10, label_shift=1)
    assert decided(grown, wide, stops=True).train
    small = decided(grown, DRIFT_LIMITS, share=1.0, stops=True)
    assert (small.train, small.held, small.warnings) == (False, False, ())


def test_the_page_says_that_nothing_is_trained(grown: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[str] = []
    events: list[Any] = []
    monkeypatch.setattr(refresh_decision, "create_markdown_artifact", lambda page, **_: pages.append(page))
    monkeypatch.setattr(refresh_decision, "emit_event", lambda *_, **__: events.append(1))
    for stops in (True, False):
        refresh_decision.announce.fn(RECIPE, "it.yaml", (), decided(grown, DRIFT_LIMITS, stops=stops))
    assert "held back" in pages[0]
    assert "train by hand" in pages[0]
    assert "training starts" in pages[1]
    assert len(events) == 1
