import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.layout_engine import ConstrainedLayoutEngine

from seqloom.evaluation.length_buckets import LengthBucket
from seqloom.evaluation.plots import length_histogram, length_scores, loss_curves, score_bars
from seqloom.recipe.applications import TRANSLATION

SCORES = {
    "model": {"bleu": 31.2, "chrf": 55.0},
    "nearest": {"bleu": 8.2, "chrf": 34.0},
    "copy": {"bleu": 0.0, "chrf": 16.3},
}


def history(epochs: int, steps: int = 10, **scores: float) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = []
    for epoch in range(1, epochs + 1):
        reports = [(epoch - 1) * steps + step for step in range(1, steps + 1)]
        rows += [{"step": step, "epoch": epoch - 1, "train/loss": 5 / step} for step in reports]
        measured = {f"validation/{name}": value * epoch for name, value in scores.items()}
        rows.append({"step": epoch * steps, "epoch": epoch, "validation/loss": 6 / epoch, **measured})
    return rows


def assert_drawn(path):
    """A picture of 1600 × 900 with more in it than paper."""
    pixels = imread(path)
    assert pixels.shape[:2] == (900, 1600)
    assert 0.005 < np.mean(pixels[..., :3].min(axis=-1) < 0.9) < 0.8


@pytest.mark.parametrize(
    ("rows", "chosen_epoch"),
    [
        (history(8), None),
        (history(8), 3),
        (history(3, chrf=5.0), 2),
        (history(3, bleu=2.0, chrf=5.0), None),
        (history(1, steps=1), 1),
        ([{"step": 10, "epoch": 0, "train/loss": 3.0}], None),
        ([{"step": 10, "epoch": 1, "validation/loss": 3.0}], None),
    ],
)
def test_loss_curves(rows, chosen_epoch, tmp_path):
    loss_curves(rows, TRANSLATION, tmp_path / "figures" / "loss.png", chosen_epoch)
    assert_drawn(tmp_path / "figures" / "loss.png")


@pytest.mark.parametrize("best", [31.2, 0.0, 100.0])
def test_score_bars(best, tmp_path):
    score_bars({**SCORES, "model": {"bleu": best, "chrf": best}}, TRANSLATION, tmp_path / "scores.png")
    assert_drawn(tmp_path / "scores.png")


def test_both_files_have_one_layout(tmp_path, monkeypatch):
    done = []
    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", lambda _, figure: done.append(figure))
    score_bars(SCORES, TRANSLATION, tmp_path / "scores.png")
    assert len(done) == 1
    assert {file.name for file in tmp_path.iterdir()} == {"scores.png", "scores.svg"}


@pytest.mark.parametrize("count", [1, 6])
def test_length_scores(count, tmp_path):
    buckets = [LengthBucket(n * 10, n * 10 + 9, 1200, {"model": 50.0 - n, "nearest": 30.0}) for n in range(count)]
    names, measure = {"nearest": "nearest training source"}, TRANSLATION.judged["chrf"]
    length_scores(buckets, names, measure, tmp_path / "lengths.png")
    assert_drawn(tmp_path / "lengths.png")


@pytest.mark.parametrize(
    ("references", "hypotheses"),
    [(["a" * n for n in range(100)], ["b" * (n // 2) for n in range(100)]), (["短句"], [""]), ([""], [""])],
)
def test_length_histogram(references, hypotheses, tmp_path):
    length_histogram(references, hypotheses, tmp_path / "lengths.png")
    assert_drawn(tmp_path / "lengths.png")


def test_same_data_same_bytes(tmp_path):
    for name in ("one.png", "two.png"):
        score_bars(SCORES, TRANSLATION, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
