import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.stack.provision import ENDED
from tasks.headlines import STATES, VERDICTS, headline

CASES = {
    "corpus": (
        {"rows": {"train": 1200, "validation": 30, "test": 3}, "rejected": {"empty": 1, "duplicate": 1000}},
        "1,200 pairs to train, 30 to validate, 3 to test, 1,001 rejected",
    ),
    "vocabulary": (
        {"size": {"source": 2000, "target": 30}, "unknown": {"source": 0.1, "target": 0.251}},
        "2,000 source and 30 target tokens; 25.1% of the validation target is unknown to the vocabulary: "
        "vocabulary.kind bpe, unigram or char, which spell any text, know it",
    ),
    "vectors": (
        {"coverage": {"source": 1.0, "target": 0.4567}},
        "100.0% of source tokens covered, 45.7% of target tokens covered",
    ),
    "dataset": ({"tokens": {"train.target": 12345}}, "12,345 target tokens to train on"),
    "training": (
        {
            "parameters": 2_460_000,
            "best_epoch": 3,
            "epochs": 8,
            "steps": 90,
            "validation": {"validation/loss": 1.23456},
        },
        "2.5 M parameters, validation loss 1.235, best epoch 3 of 8",
    ),
    "evaluation": (
        {"task": "translation", "metrics": {"test/bleu": 9.96, "test/chrf": 36.04}, "rows": 1000},
        "BLEU 10.0, chrF 36.0 on 1,000 test pairs",
    ),
    "validation": (
        {"task": "sentiment", "metrics": {"validation/accuracy": 0.5, "validation/macro_f1": 0.25}, "rows": 8},
        "accuracy 50.0%, macro-F1 25.0% on 8 validation texts",
    ),
    "registry": ({"name": "a-b", "version": 7}, "models:/a-b/7"),
    "gate": ({"version": 7, "verdict": "refused", "why": "too slow"}, "version 7 is refused: too slow"),
}


def manifest(stage: str, facts: dict[str, object]) -> Manifest:
    return Manifest(stage, "key", "0123456789abcdef0123", "/some/folder ü", 1.26, facts)


@pytest.mark.parametrize("stage", CASES)
def test_a_stage_in_one_line(stage: str) -> None:
    facts, line = CASES[stage]
    assert headline(manifest(stage, facts)) == line


@pytest.mark.parametrize(
    ("best", "done", "end"),
    [
        (31, 36, "stopped early at epoch 36 of 60: no better for 5 epochs (best 31)"),
        (35, 36, "stopped early at epoch 36 of 60: no better for 1 epoch (best 35)"),
        (31, 60, "best epoch 31 of 60"),
    ],
)
def test_patience_and_the_last_epoch_are_told_apart(best: int, done: int, end: str) -> None:
    figures = {"validation": {"validation/loss": 1.0}, "parameters": 1, "steps": 2000}
    facts = {**figures, "best_epoch": best, "epochs": done, "most_epochs": 60}
    assert headline(manifest("training", facts)).endswith(end)


@pytest.mark.parametrize(
    ("steps", "best", "loss", "advised"),
    [(999, 8, 1.0, True), (1000, 8, 1.0, False), (999, 7, 1.0, False), (999, 8, 0.09, False)],
)
def test_a_training_that_ended_too_soon_says_what_would_help(steps: int, best: int, loss: float, advised: bool) -> None:
    facts = {"parameters": 1, "best_epoch": best, "epochs": 8, "steps": steps, "validation": {"validation/loss": loss}}
    line = headline(manifest("training", facts))
    assert ("still learning after 999 updates: fewer training.batch_tokens" in line) == advised
    assert "still learning" not in headline(manifest("training", {**facts, "differential_privacy": {}})), "more noise"


def test_no_vectors() -> None:
    assert headline(manifest("vectors", {"coverage": {}})) == "none: embeddings start at random"


def test_a_run_of_any_verdict_has_ended() -> None:
    """Prefect's events are called as the states are: one that the automation did not know would pass for silence."""
    assert STATES.keys() == VERDICTS.keys()
    assert {*STATES.values(), "Changed", "Unchanged", "Drifted", "Steady"} <= set(ENDED)
