"""Scores side by side: a version, the champion and the baselines."""

from collections.abc import Mapping

from tasks.pages.markdown import table

BASELINES = {"nearest": "nearest training source", "copy": "copy of the source"}
NAMES = {"bleu": "BLEU", "chrf": "chrF", "accuracy": "token accuracy"}


def scores_table(metrics: Mapping[str, float], this: str, others: Mapping[str, Mapping[str, float]]) -> str:
    """A row for `this`, one for each of `others` (its scores without their prefix), and one for each baseline."""
    of_this = {name.removeprefix("test/"): value for name, value in metrics.items() if name.startswith("test/")}
    names = sorted(of_this, key=lambda name: (name not in NAMES, list(NAMES).index(name) if name in NAMES else name))
    rows = [(f"**{this}**", *(f"**{_figure(name, of_this)}**" for name in names))]
    rows += [(other, *(_figure(name, scores) for name in names)) for other, scores in others.items()]
    for baseline, title in BASELINES.items():
        prefix = f"baseline/{baseline}/"
        scores = {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
        if scores:
            rows.append((title, *(_figure(name, scores) for name in names)))
    return table(("", *(NAMES.get(name, name) for name in names)), rows, range(1, len(names) + 1))


def _figure(name: str, scores: Mapping[str, float]) -> str:
    if name not in scores:
        return ""
    return f"{scores[name]:.1%}" if name == "accuracy" else f"{scores[name]:,.2f}"
