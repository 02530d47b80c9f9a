"""Pages of a trained model: its training, its test and validation scores."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from seqloom.artifact.manifest import Manifest
from seqloom.evaluation import FIGURES_FOLDER
from seqloom.evaluation.contamination_summary import describe_contamination
from seqloom.recipe.applications import application_of
from seqloom.recipe.model_rules import describe_model
from seqloom.recipe.recipe_json import read_recipe
from seqloom.reports.cost_summary import cost_rows
from seqloom.reports.ensemble_summary import (
    MEMBER_COLUMNS,
    ensemble_cost_rows,
    ensemble_privacy_rows,
    member_rows,
)
from seqloom.reports.privacy_summary import privacy_rows
from seqloom.training.training_history import read_history
from tasks.pages.markdown import image, lines, table, text

EPOCHS_SHOWN = 30
LABELS_SHOWN = 12
LOSS_FILE = "loss.png"


def draw_loss(folder: Path, best_epoch: int, task: str) -> None:
    """Draw the loss by update into `folder`, beside the history it is drawn from."""
    from seqloom.evaluation.plots import loss_curves  # matplotlib: a second that a cached training is spared

    loss_curves(read_history(folder), application_of(task), folder / LOSS_FILE, best_epoch)


def training_page(manifest: Manifest) -> Iterator[str]:
    """Yield the facts, the loss curve and the validation metrics of the last epochs."""
    facts, history, recipe = manifest.facts, read_history(manifest.path), read_recipe(manifest.path)
    names = {f"validation/{measure.name}": measure.label for measure in application_of(recipe.task).metrics}
    rows = [
        ("parameters", f"{facts['parameters']:,}"),
        ("device", facts["device"]),
        ("updates", f"{facts['steps']:,}"),
        ("epochs", f"{facts['epochs']}, number {facts['best_epoch']} kept"),
        *((f"validation {_metric_label(name, names)}", f"{value:,.3f}") for name, value in facts["validation"].items()),
    ]
    rows += cost_rows(facts, {}, recipe.registry.price_per_hour)
    rows += privacy_rows(facts)
    if "chosen_by" in facts:
        chosen = facts["chosen_by"]
        score = _metric_label(f"validation/{chosen['score']}", names)
        rows.append(("epoch chosen by", f"{score} of {chosen['rows']:,} of {chosen['of']:,} validation rows"))
    if "mixture_weights" in facts:
        weights = "{} of the network's logits, {} of the linear model's".format(*facts["mixture_weights"])
        rows.append(("mixture weights", weights))
    yield table(("model", describe_model(recipe.model)), rows)
    if facts.get("top_ngrams"):
        yield _top_ngrams(facts["top_ngrams"])
    yield image(manifest.path / LOSS_FILE, "loss by update")
    yield _epochs([row for row in history if "validation/loss" in row], facts["best_epoch"], names)


def ensemble_page(manifest: Manifest) -> Iterator[str]:
    """Yield the members, and what they cost together."""
    yield table(MEMBER_COLUMNS, [(text(name), *cells) for name, *cells in member_rows(manifest.facts)])
    yield table(("together", ""), [*ensemble_cost_rows(manifest.facts), *ensemble_privacy_rows(manifest.facts)])


def _top_ngrams(found: Mapping[str, list[str]]) -> str:
    rows = [(text(label), " · ".join(map(text, ngrams))) for label, ngrams in found.items()]
    return f"### What speaks for a label\n\n{table(('label', 'words and runs of words, the loudest first'), rows)}"


def _epochs(rows: list[dict[str, float]], best: int, known: Mapping[str, str]) -> str:
    names = [name for name in rows[0] if name.startswith("validation/")]
    shown = rows[-EPOCHS_SHOWN:]
    cells = [
        (f"{row['epoch']:.0f}" + ", kept" * (row["epoch"] == best), *(f"{row[name]:,.3f}" for name in names))
        for row in shown
    ]
    title = "Epochs" if len(shown) == len(rows) else f"The last {EPOCHS_SHOWN} epochs"
    columns = ("epoch", *(_metric_label(name, known) for name in names))
    return f"### {title} on the validation split\n\n{table(columns, cells, range(1, len(columns)))}"


def _metric_label(name: str, known: Mapping[str, str]) -> str:
    return known.get(name, name.rpartition("/")[2])


def evaluation_page(manifest: Manifest) -> Iterator[str]:
    """Yield scores, examples, plots and the signatures of the scores."""
    facts = manifest.facts
    application = application_of(facts["task"])
    yield scores_table(application.name, facts["metrics"], "this model", {})
    speed = f"{facts['sentences_per_second']:,.1f} sentences decoded a second"
    yield f"On {facts['rows']:,} test {application.rows}; {speed}.\n"
    yield from (f"{name.capitalize()}: {value}.\n" for name, value in cost_rows({}, facts, price_per_hour=0.0))
    contamination = facts.get("contamination", {})
    if contamination:
        yield describe_contamination(contamination, application.judged[application.metric], application.rows) + "\n"
    if facts.get("truncated"):
        yield f"{facts['truncated']:,} answers reached the limit of their length before they ended.\n"
    for name, bounds in facts.get("baseline_bounds", {}).items():
        yield f"The {application.baselines[name]} was learned from {bounds}.\n"
    yield examples(facts["examples"])
    if "confusion" in facts:
        yield confusion(facts["confusion"]["labels"], facts["confusion"]["rows"])
    for name, caption in application.plots.items():
        picture = manifest.path / FIGURES_FOLDER / name
        if picture.is_file():
            yield image(picture, caption)
    yield "### Signatures\n\nSo that another team can repeat the scores.\n"
    yield table(("score", "how"), ((name, f"`{value}`") for name, value in facts["signatures"].items()))


def confusion(labels: Sequence[str], rows: Sequence[Sequence[int]]) -> str:
    """Return the confusion matrix as a table, of the first `LABELS_SHOWN` labels."""
    shown = labels[:LABELS_SHOWN]
    cells = [
        (text(label), *(f"{count:,}" for count in row[:LABELS_SHOWN])) for label, row in zip(shown, rows, strict=False)
    ]
    columns = ("reference, and what it was given", *map(text, shown))
    return f"### Which label is taken for which\n\n{table(columns, cells, range(1, len(columns)))}"


def examples(rows: Sequence[Mapping[str, str]]) -> str:
    """Return held-out examples: rank, source, reference and hypothesis of each."""
    if not rows:
        return ""
    return f"### Held-out examples, from the best to the worst\n\n{lines(rows)}"


def validation_page(manifest: Manifest) -> Iterator[str]:
    """Yield each score that may judge a version, with its confidence interval."""
    facts = manifest.facts
    application = application_of(facts["task"])
    rows = [
        (
            each.label,
            each.shown(facts["metrics"][f"validation/{name}"], 2),
            " to ".join(each.shown(end, 2) for end in facts["intervals"][name]),
        )
        for name, each in application.judged.items()
    ]
    yield table(("score", "this model", "95 % interval"), rows, (1,))
    yield f"On {facts['rows']:,} validation {application.rows}; the interval is that of 1,000 resamples of them.\n"


def scores_table(task: str, metrics: Mapping[str, float], this: str, others: Mapping[str, Mapping[str, float]]) -> str:
    """Return a table with a row for `this`, each of `others` (scores without a prefix) and each baseline."""
    application = application_of(task)
    rows = [(f"**{this}**", *(f"**{score}**" if score else "" for score in _scores(task, metrics, "test/")))]
    rows += [(other, *_scores(task, scores, "")) for other, scores in others.items()]
    baselines = application.baselines_in(metrics)
    rows += [(title, *_scores(task, metrics, f"baseline/{name}/")) for name, title in baselines.items()]
    columns = ("", *(measure.label for measure in application.metrics))
    return table(columns, rows, range(1, len(columns)))


def _scores(task: str, scores: Mapping[str, float], prefix: str) -> list[str]:
    """Return every metric of the task as it is shown; empty where there is no score of it."""
    measures = application_of(task).metrics
    names = [f"{prefix}{measure.name}" for measure in measures]
    return [
        measure.shown(scores[name], 1 if measure.unit == "share" else 2) if name in scores else ""
        for name, measure in zip(names, measures, strict=True)
    ]
