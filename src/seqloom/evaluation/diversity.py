"""Do answers vary, or is everything answered alike?

Li et al. 2016, https://aclanthology.org/N16-1014
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seqloom.evaluation import canvas
from seqloom.evaluation.scores import Score
from seqloom.evaluation.words import cutting, words_of
from seqloom.recipe.kinds.measure import Measure


def diversity_scores(answers: Sequence[str], language: str) -> dict[str, Score]:
    """Shares, 0 to 1: of different words and pairs of words among all, and of different answers.

    The more text, the smaller: only systems that answered the same rows compare.
    """
    words = [words_of(answer, language) for answer in answers]
    cut = f"tok:{cutting(language)}"
    figures = {
        "distinct1": (distinct(words, 1), f"different words / words of all answers|{cut}"),
        "distinct2": (distinct(words, 2), f"different pairs of words / pairs within all answers|{cut}"),
        "different": (len(set(answers)) / max(len(answers), 1), "different answers / answers"),
    }
    return {name: Score(name, value, signature) for name, (value, signature) in figures.items()}


def distinct(answers: Sequence[Sequence[str]], length: int) -> float:
    """The share of different n-grams of this length among all that stand within an answer; 0 without any."""
    ngrams = [gram for words in answers for gram in zip(*(words[start:] for start in range(length)), strict=False)]
    return len(set(ngrams)) / max(len(ngrams), 1)


def draw_diversity(
    systems: Mapping[str, Mapping[str, Score]], names: Mapping[str, str], measures: Sequence[Measure], path: Path
) -> None:
    """Bars by system, in percent, the model's first."""
    figure, (axes,) = canvas.blank()
    width, places = 0.8 / len(systems), np.arange(len(measures))
    for number, (system, scores) in enumerate(systems.items()):
        heights = [100 * scores[measure.name].value for measure in measures]
        offset = (number - (len(systems) - 1) / 2) * width
        label = names.get(system, system)
        bars = axes.bar(places + offset, heights, width * 0.92, color=canvas.COLOURS[number], label=label)
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=8.5, color=canvas.INK)
    axes.set_xticks(places, [measure.label for measure in measures])
    canvas.dress(axes, "How much answers vary", "", "share that is different, percent")
    axes.tick_params(axis="x", labelsize=10, labelcolor=canvas.INK)
    axes.margins(y=0.1)
    canvas.legend_above(axes)
    canvas.save(figure, path)
