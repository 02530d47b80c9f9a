"""Each stage's page, of what the stages really make, and what text in it may not do."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seqloom.artifact.cache_key import ENSEMBLE, PRETRAINING, STAGES, VALIDATION
from seqloom.artifact.manifest import Manifest
from tasks.pages.data_pages import corpus_page, dataset_page, vectors_page, vocabulary_page
from tasks.pages.markdown import SHOWN, table, text
from tasks.pages.model_pages import draw_loss, evaluation_page, scores_table, training_page, validation_page
from tasks.pages.stage_page import _SECTIONS
from tasks.pages.version_pages import gate_page, registry_page
from tests.training.small import run_stage, write_home

METRICS = {
    "test/bleu": 31.25,
    "test/chrf": 55.0,
    "test/ter": 48.125,
    "test/perplexity": 4.5,
    "test/accuracy": 0.625,
    "baseline/copy/bleu": 1.0,
    "baseline/copy/chrf": 10.0,
    "baseline/nearest/bleu": 8.0,
    "baseline/nearest/chrf": 30.0,
    "baseline/nearest/ter": 101.5,
}


def shown(
    page: Callable[[Manifest], Iterator[str]], facts: dict[str, object], folder: Path = Path("/some/folder")
) -> str:
    manifest = Manifest("stage", "key", "digest", str(folder), 1.0, facts)
    return "\n".join(page(manifest))


@pytest.mark.parametrize(
    "harmful", ["a|b", "<script>alert(1)</script>", "![x](http://evil)", "`code`", "# head", "www.a.b", "*bold* _it_"]
)
def test_text_shows_what_it_is_and_does_nothing(harmful: str) -> None:
    escaped = text(harmful)
    assert escaped.replace("\\", "") == harmful
    assert not re.search(r"(?<!\\)[|<>\[\]()`*_!.:#]", escaped)


def test_long_text_is_cut() -> None:
    assert text("a" * 1000) == "a" * (SHOWN - 1) + "…"


def test_a_table_keeps_its_columns_whatever_is_in_them() -> None:
    lines = table(("a", "b"), [(text("x|y\nz"), 1)], (1,)).splitlines()
    assert lines == ["| a | b |", "| --- | ---: |", r"| x\|y z | 1 |"]


def test_scores_stand_beside_the_baselines_and_the_champion() -> None:
    lines = scores_table(
        "translation", METRICS, "version 2", {"champion, version 1": {"bleu": 30.0, "chrf": 56.0}}
    ).splitlines()
    assert lines[0] == "|  | BLEU | chrF | TER | perplexity | token accuracy |"
    assert lines[2:] == [
        "| **version 2** | **31.25** | **55.00** | **48.12** | **4.50** | **62.5%** |",
        "| champion, version 1 | 30.00 | 56.00 |  |  |  |",
        "| nearest training source | 8.00 | 30.00 | 101.50 |  |  |",
        "| copied source | 1.00 | 10.00 |  |  |  |",
    ]


def test_corpus() -> None:
    sides = {"source": 10.5, "target": 12.0}
    pair = {"source": "a | b", "target": "<b>", "file": "a_b.tsv", "line": 7}
    page = shown(
        corpus_page,
        {
            "overfit": True,
            "rows": {"train": 1200, "validation": 30, "test": 3},
            "characters": dict.fromkeys(("train", "validation", "test"), sides),
            "lengths": {side: {"50": 9, "95": 40, "100": 100} for side in sides},
            "rejected": {"duplicate": 100, "too long": 50},
            "rejects": {"duplicate": pair, "too long": pair},
            "read": 1383,
            "examples": [{"source": "a", "target": "b"}],
        },
    )
    assert "| train | 1,200 | 10.5 | 12.0 |" in page
    assert "| source | 9 | 40 | 100 |" in page
    assert "| duplicate | 100 | 7.2% |" in page
    assert "*duplicate* a\\_b\\.tsv line 7  \n*source* a \\| b  \n*target* \\<b\\>\n" in page
    assert page.index("duplicate") < page.index("too long")


def test_a_corpus_of_which_nothing_was_rejected() -> None:
    facts = {"rows": {}, "characters": {}, "lengths": {}, "rejected": {}, "rejects": {}, "read": 600, "examples": []}
    facts |= {"overfit": False}
    assert "None of the 600 pairs read was rejected." in shown(corpus_page, facts)


def test_vocabulary() -> None:
    facts = {
        "size": {"source": 2000, "target": 30},
        "tokens": {"source": 12345, "target": 99},
        "tokens_per_character": {"source": 0.25, "target": 1.0},
        "unknown": {"source": 0.01, "target": 0.0},
        "left_out": {"source": 1234567, "target": 0},
        "frequent": {"source": [["▁the", 500], ["▁a", 400]], "target": [["▁das", 300]]},
        "longest": {"source": ["abcdef"], "target": []},
    }
    page = shown(vocabulary_page, facts)
    assert "| tokens in the vocabulary | 2,000 | 30 |" in page
    assert "| rarest words, left out of the training | 1,234,567 | 0 |" in page
    assert "rarest words" not in shown(vocabulary_page, {**facts, "left_out": {"source": 0, "target": 0}})
    assert "| ▁the | 500 | ▁das | 300 |" in page
    assert "| ▁a | 400 |  |  |" in page


def test_vectors() -> None:
    facts = {"coverage": {"source": 0.5}, "width": 16, "neighbors": {"source": {"▁cat": ["▁dog", "▁cow"]}}}
    page = shown(vectors_page, facts)
    assert "| source | 50.0% |" in page
    assert "| source | ▁cat | ▁dog, ▁cow |" in page
    assert "16 wide, start at random" in shown(vectors_page, {"coverage": {}, "width": 16, "neighbors": {}})


def test_batches() -> None:
    assert "| train | source | 1,000 | 7.5 |" in shown(
        dataset_page, {"tokens": {"train.source": 1000}, "mean_length": {"train.source": 7.5}}
    )


def test_training_says_what_speaks_for_a_label(tmp_path: Path) -> None:
    home = write_home(tmp_path / "home", labels=True)
    facts = run_stage(home, {"decoder": "classifier", "ngram_order": 2}, {"epochs": 1})
    draw_loss(home / "made", 1, "sentiment")
    page = shown(training_page, facts, home / "made")
    assert "| mixture weights | 0." in page
    assert "### What speaks for a label" in page
    speaks = {label: runs.split(" · ") for label, runs in re.findall(r"\| ▁(word\d+) \| (.+) \|", page)}
    found = [f"word{number}" in speaks[f"word{number + 2}"] for number in range(4, 17)]  # the first word of the text
    assert sum(found) > 9
    assert "speaks" not in shown(training_page, {**facts, "top_ngrams": {}}, home / "made")
    chosen = {"chosen_by": {"score": "macro_f1", "rows": 1000, "of": 2367}}
    assert "| epoch chosen by | macro-F1 of 1,000 of 2,367 validation rows |" in shown(
        training_page, facts | chosen, home / "made"
    )


def test_a_private_training_says_what_it_spent_and_draws_no_training_loss(tmp_path: Path) -> None:
    home = write_home(tmp_path / "home", labels=True)
    facts = run_stage(home, {"decoder": "classifier"}, {"epochs": 2, "privacy_epsilon": 8.0, "privacy_delta": 1e-2})
    draw_loss(home / "made", 1, "sentiment")
    page = shown(training_page, facts, home / "made")
    assert "| differential privacy | epsilon 7.9" in page
    assert "for the weights alone: not the vocabulary" in page


def test_evaluation(tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "scores.png").write_bytes(b"png")
    example = {"source": "s", "reference": "r", "hypothesis": "h"}
    measured = {"task": "translation", "metrics": METRICS, "rows": 1000, "sentences_per_second": 12.3}
    facts = {**measured, "examples": [example], "signatures": {}}
    page = shown(evaluation_page, facts, tmp_path)
    assert "*source* s  \n*reference* r  \n*hypothesis* h\n" in page
    assert "![scores](data:image/png;base64,cG5n)" in page


REGISTERED = {
    "task": "translation",
    "name": "a",
    "version": 2,
    "aliases": ["champion"],
    "champion": {"version": 1, "bleu": 30.0, "chrf": 56.0},
    "metrics": METRICS,
    "run_id": "abc",
    "run_url": "",
    "version_url": "",
    "mlflow_command": "mlflow server",
}


def test_registry() -> None:
    assert "`mlflow server` shows run `abc`" in shown(registry_page, REGISTERED)
    assert "champion, version 1" in shown(registry_page, REGISTERED)
    linked = shown(registry_page, {**REGISTERED, "run_url": "http://m/run", "version_url": "http://m/version"})
    assert "[The version](http://m/version) and [its run](http://m/run)" in linked
    assert "champion, version" not in shown(registry_page, {**REGISTERED, "champion": {"version": 2, "bleu": 1.0}})


def test_gate() -> None:
    old = {"version": 1, "bleu": 30.04, "chrf": 55.5}
    verdict = {"version": 2, "task": "translation", "verdict": "refused", "why": "chrF is down"}
    facts = {**verdict, "aliases": [], "champion": old}
    page = shown(gate_page, facts)
    assert "Version **2** is refused: chrF is down" in page
    assert "Champion is version **1**, with BLEU 30.0 and chrF 55.5 when it was registered." in page
    assert "There is no champion." in shown(gate_page, {**facts, "champion": None})
    assert "hampion is version" not in shown(gate_page, {**facts, "verdict": "champion", "champion": {"version": 2}})


def test_every_stage_has_a_page() -> None:
    assert set(_SECTIONS) == {stage.name for stage in (*STAGES, PRETRAINING, VALIDATION, ENSEMBLE)}


def test_validation() -> None:
    facts = {
        "task": "translation",
        "metrics": {"validation/bleu": 9.876, "validation/chrf": 36.0},
        "intervals": {"bleu": [7.5, 12.0], "chrf": [30.0, 41.25]},
        "rows": 12,
    }
    page = "\n".join(validation_page(Manifest("validation", "key", "digest", "/folder", 1.0, facts)))
    assert "| BLEU | 9.88 |" in page
    assert "30.00 to 41.25" in page
    assert "On 12 validation pairs;" in page
