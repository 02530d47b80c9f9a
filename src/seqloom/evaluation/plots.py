"""PNG plots of a training run and of its test scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from seqloom.evaluation import plot_style
from seqloom.evaluation.length_buckets import LengthBucket
from seqloom.evaluation.paired_bootstrap import SufficientStatistics
from seqloom.evaluation.plot_style import MODEL
from seqloom.recipe.application import Application
from seqloom.recipe.metric import Metric

_POINTS = 30  # of a line along the test text
_WINDOW = 15  # reports of the training loss in the moving average

Row = Mapping[str, float]
Mark = tuple[float, str]  # a vertical line: its step and its label


def loss_curves(history: Sequence[Row], kind: Application, path: Path, chosen_epoch: int | None = None) -> None:
    """Plot training and validation loss by step, and the validation scores if the history has any.

    A line marks `chosen_epoch`, whose weights were kept, or without it the lowest validation loss.
    """
    validations = [row for row in history if "validation/loss" in row]
    judged = kind.judged.values()
    scored = [measure for measure in judged if any(f"validation/{measure.name}" in row for row in validations)]
    mark = _mark_of(validations, chosen_epoch)
    figure, panels = plot_style.blank(2 if scored else 1)
    _draw_losses(panels[0], history, mark)
    if scored:
        _draw_validation_scores(panels[1], validations, scored, mark)
    plot_style.save(figure, path)


def score_bars(scores: Mapping[str, Mapping[str, float]], kind: Application, path: Path) -> None:
    """Plot the scores of model and baselines, such as `{"model": {"bleu": 31.2, "chrf": 55.0}, "copy": …}`."""
    figure, (axes,) = plot_style.blank()
    measures = kind.judged
    heights = {
        system: [_in_points(measure, values[name]) for name, measure in measures.items()]
        for system, values in scores.items()
    }
    _draw_bars(axes, heights, kind.baselines, [measure.label for measure in measures.values()])
    plot_style.dress(axes, "Test scores and baselines", "", _scale(list(measures.values())))
    axes.tick_params(axis="x", labelsize=10, labelcolor=plot_style.INK)
    plot_style.legend_above(axes)
    plot_style.save(figure, path)


def diversity_bars(
    shares: Mapping[str, Sequence[float]], baselines: Mapping[str, str], measures: Sequence[Metric], path: Path
) -> None:
    """Plot the diversity of each system and of the references: one value, 0 to 1, for each measure."""
    figure, (axes,) = plot_style.blank()
    heights = {system: [100 * share for share in each] for system, each in shares.items()}
    _draw_bars(axes, heights, baselines, [measure.label for measure in measures])
    plot_style.dress(axes, "How much answers vary", "", "share that is different, percent")
    axes.tick_params(axis="x", labelsize=10, labelcolor=plot_style.INK)
    plot_style.legend_above(axes)
    plot_style.save(figure, path)


def length_scores(buckets: Sequence[LengthBucket], baselines: Mapping[str, str], measure: Metric, path: Path) -> None:
    """Plot a score of the model and some baselines by source length."""
    figure, (axes,) = plot_style.blank()
    heights = {system: [bucket.scores[system] for bucket in buckets] for system in (MODEL, *baselines)}
    _draw_bars(axes, heights, baselines, [_label(bucket) for bucket in buckets])
    title = f"{measure.label} by length of the source"
    plot_style.dress(axes, title, "length of the source, characters", f"{measure.label}, 0 to 100")
    plot_style.legend_above(axes)
    plot_style.save(figure, path)


def length_histogram(references: Sequence[str], hypotheses: Sequence[str], path: Path) -> None:
    """Plot the lengths of answers and references, in characters."""
    lengths = {
        "reference": np.array([len(text) for text in references]),
        "model": np.array([len(text) for text in hypotheses]),
    }
    longest = max(int(each.max()) for each in lengths.values())
    width = longest // 40 + 1  # whole characters, so that all bars cover as many lengths
    edges = np.arange(0, longest + 1 + width, width)
    figure, (axes,) = plot_style.blank()
    for (name, each), color in zip(lengths.items(), (plot_style.GRAY, plot_style.BLUE), strict=True):
        counts, _ = np.histogram(each, edges)
        label = f"{name} (mean {each.mean():.1f})"
        axes.stairs(counts, edges, fill=name == "reference", color=color, linewidth=2, label=label)
    plot_style.dress(axes, "Length of the answers", "length, characters", "test rows")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(0, edges[-1])
    plot_style.legend_above(axes)
    plot_style.save(figure, path)


def perplexity_by_passage(counts: Mapping[str, SufficientStatistics], baselines: Mapping[str, str], path: Path) -> None:
    """Plot the perplexity of each system along the test text, several passages to a point."""
    figure, (axes,) = plot_style.blank()
    for (system, of_system), color in zip(counts.items(), plot_style.COLORS, strict=False):
        parts = np.array_split(np.arange(of_system.rows.shape[0]), min(_POINTS, of_system.rows.shape[0]))
        positions = [(part[0] + part[-1]) / 2 + 1 for part in parts]
        values = [of_system.of(part.tolist()) for part in parts]
        label = f"{baselines.get(system, system)} (all: {of_system.value:,.1f})"
        axes.plot(positions, values, color=color, linewidth=1.8, marker="o", markersize=3, label=label)
    plot_style.dress(axes, "Perplexity a word", "passage of the test text", "perplexity (lower is better)")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plot_style.legend_above(axes)
    plot_style.save(figure, path)


def _draw_bars(
    axes: Axes, heights: Mapping[str, Sequence[float]], baselines: Mapping[str, str], groups: Sequence[str]
) -> None:
    """Plot grouped bars, the model first, with their values on top."""
    width = 0.8 / len(heights)
    positions = np.arange(len(groups))
    for number, (system, values) in enumerate(heights.items()):
        offset = (number - (len(heights) - 1) / 2) * width
        label = baselines.get(system, system)
        bars = axes.bar(positions + offset, values, width * 0.92, color=plot_style.COLORS[number], label=label)
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8.5, color=plot_style.INK)
    axes.set_xticks(positions, groups)
    axes.margins(y=0.1)


def _mark_of(validations: Sequence[Row], chosen_epoch: int | None) -> Mark | None:
    if not validations:
        return None
    if chosen_epoch is None:
        row, reason = min(validations, key=lambda row: row["validation/loss"]), "lowest loss"
    else:
        row, reason = next(row for row in validations if row["epoch"] == chosen_epoch), "kept"
    return row["step"], f"{reason}: epoch {row['epoch']:.0f}"


def _draw_losses(axes: Axes, history: Sequence[Row], mark: Mark | None) -> None:
    reports = [row for row in history if "train/loss" in row]
    steps, losses = (np.array([row[key] for row in reports]) for key in ("step", "train/loss"))
    smooth = len(losses) >= 3 * _WINDOW
    if smooth:
        axes.plot(steps, losses, color=plot_style.GRAY, linewidth=0.8, alpha=0.7)
        losses = np.convolve(losses, np.full(_WINDOW, 1 / _WINDOW), mode="valid")
        steps = steps[_WINDOW // 2 :][: len(losses)]
    if reports:  # a private training tells none
        axes.plot(steps, losses, color=plot_style.OCHRE, linewidth=1.8, label="training" + ", smoothed" * smooth)
    _draw_validation(axes, history, Metric("loss", "validation", "plain", rises=False), plot_style.BLUE)
    plot_style.dress(axes, "Loss", "step", "cross-entropy, nats per token (lower is better)")
    _finish(axes, mark)


def _draw_validation_scores(
    axes: Axes, validations: Sequence[Row], scored: Sequence[Metric], mark: Mark | None
) -> None:
    for measure, color in zip(scored, plot_style.COLORS, strict=False):
        _draw_validation(axes, validations, measure, color)
    plot_style.dress(axes, "Validation scores", "step", _scale(scored))
    axes.set_ylim(bottom=0)
    _finish(axes, mark)


def _draw_validation(axes: Axes, history: Sequence[Row], measure: Metric, color: str) -> None:
    name = f"validation/{measure.name}"
    points = [(row["step"], _in_points(measure, row[name])) for row in history if name in row]
    axes.plot(*zip(*points, strict=True), color=color, linewidth=1.8, marker="o", markersize=4, label=measure.label)


def _finish(axes: Axes, mark: Mark | None) -> None:
    """Add the mark, whole-number steps and the legend."""
    if mark is not None:
        step, label = mark
        axes.axvline(step, color=plot_style.FAINT, linewidth=1, linestyle=(0, (4, 3)), label=label, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    plot_style.legend_inside(axes)


def _in_points(measure: Metric, value: float) -> float:
    """Return a share in percent, so that all scores of a plot have one scale."""
    return 100 * value if measure.unit == "share" else value


def _scale(measures: Sequence[Metric]) -> str:
    """Return the axis label for some scores."""
    ends = "" if any(measure.unit == "plain" for measure in measures) else ", 0 to 100"
    better = "higher" if all(measure.rises for measure in measures) else "lower"
    return f"score{ends} ({better} is better)"


def _label(bucket: LengthBucket) -> str:
    span = f"{bucket.shortest}" if bucket.shortest == bucket.longest else f"{bucket.shortest}-{bucket.longest}"
    return f"{span}\n{bucket.rows:,} rows"
