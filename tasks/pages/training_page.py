"""The training: what was trained, how its loss fell, and each epoch's figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.model_rules import describe_model
from seqloom.recipe.serialization import read_recipe
from seqloom.training.history import read_history
from tasks.pages.markdown import image, table, text

EPOCHS_SHOWN = 30
LOSS_FILE = "loss.png"


def draw_loss(folder: Path, best_epoch: int, task: str) -> None:
    """Leave a picture of the loss beside the history it is drawn from."""
    from seqloom.evaluation.plots import loss_curves  # matplotlib: a second that a cached training is spared

    loss_curves(read_history(folder), application_of(task), folder / LOSS_FILE, best_epoch)


def sections(manifest: Manifest) -> Iterator[str]:
    """Facts, the curve and the validation figures of the last epochs."""
    facts, history, recipe = manifest.facts, read_history(manifest.path), read_recipe(manifest.path)
    names = {f"validation/{measure.name}": measure.label for measure in application_of(recipe.task).metrics}
    rows = [
        ("parameters", f"{facts['parameters']:,}"),
        ("device", facts["device"]),
        ("updates", f"{facts['steps']:,}"),
        ("epochs", f"{facts['epochs']}, number {facts['best_epoch']} kept"),
        *((f"validation {_name(name, names)}", f"{value:,.3f}") for name, value in facts["validation"].items()),
    ]
    if "chosen_by" in facts:
        chosen = facts["chosen_by"]
        score = _name(f"validation/{chosen['score']}", names)
        rows.append(("epoch chosen by", f"{score} of {chosen['rows']:,} of {chosen['of']:,} validation rows"))
    if "shares" in facts:
        rows.append(("shares", "{} of the network's logits, {} of the linear model's".format(*facts["shares"])))
    yield table(("model", describe_model(recipe.model)), rows)
    if facts.get("telling"):
        yield _telling(facts["telling"])
    yield image(manifest.path / LOSS_FILE, "loss by update")
    yield _epochs([row for row in history if "validation/loss" in row], facts["best_epoch"], names)


def _telling(found: Mapping[str, list[str]]) -> str:
    lines = [(text(label), " · ".join(map(text, runs))) for label, runs in found.items()]
    return f"### What speaks for a label\n\n{table(('label', 'words and runs of words, the loudest first'), lines)}"


def _epochs(rows: list[dict[str, float]], best: int, known: Mapping[str, str]) -> str:
    names = [name for name in rows[0] if name.startswith("validation/")]
    shown = rows[-EPOCHS_SHOWN:]
    lines = [
        (f"{row['epoch']:.0f}" + ", kept" * (row["epoch"] == best), *(f"{row[name]:,.3f}" for name in names))
        for row in shown
    ]
    title = "Epochs" if len(shown) == len(rows) else f"The last {EPOCHS_SHOWN} epochs"
    columns = ("epoch", *(_name(name, known) for name in names))
    return f"### {title} on the validation split\n\n{table(columns, lines, range(1, len(columns)))}"


def _name(figure: str, known: Mapping[str, str]) -> str:
    return known.get(figure, figure.rpartition("/")[2])
