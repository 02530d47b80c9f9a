"""One line on a finished stage, and the names of the states that runs end in."""

from collections.abc import Mapping
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.vocabulary.unknown_tokens import unknown_warning

VERDICTS = {
    "champion": "is champion",
    "refused": "is refused",
    "declined": "was declined",
    "waiting": "waits for approval",
}
STATES = {"champion": "Completed", "refused": "Refused", "declined": "Declined", "waiting": "Unapproved"}
"""Name of the last state of a run in Prefect's list, by its verdict; the type of all of them is Completed."""
WATCHED = {True: "Changed", False: "Unchanged"}
"""Likewise of a refresh run, by whether it starts a training."""
DRIFT = {True: "Drifted", False: "Steady"}
"""Likewise of a drift run, by whether it raises an alert."""
FEW_UPDATES = 1_000  # attention is hardly found before: docs/findings.md
LEARNED = 0.1  # nats a token: below there is nothing left to learn


def headline(manifest: Manifest) -> str:
    """Return the stage in one line.

    Raises:
        AssertionError: there is no such stage.
    """
    facts = manifest.facts
    match manifest.stage:
        case "corpus":
            rows, rejected = facts["rows"], sum(facts["rejected"].values())
            taught = f", {facts['taught']['kept']:,} of them by a teacher" if "taught" in facts else ""
            return (
                f"{rows['train']:,} pairs to train{taught}, {rows['validation']:,} to validate, {rows['test']:,} to "
                f"test, {rejected:,} rejected"
            )
        case "vocabulary":
            size, warning = facts["size"], unknown_warning(facts["unknown"])
            return f"{size['source']:,} source and {size['target']:,} target tokens{warning and '; '}{warning}"
        case "vectors":
            return _coverage(facts["coverage"])
        case "dataset":
            return f"{facts['tokens']['train.target']:,} target tokens to train on"
        case "pretraining":
            loss = facts["validation"]["validation/loss"]
            return f"{facts['rows']:,} texts, loss of masked tokens {loss:.3f}, best epoch {facts['best_epoch']}"
        case "training":
            loss = facts["validation"]["validation/loss"]
            return f"{facts['parameters'] / 1e6:.1f} M parameters, validation loss {loss:.3f}, {_end(facts)}"
        case "ensemble":
            return f"{len(facts['members'])} versions together, {facts['parameters'] / 1e6:.1f} M parameters"
        case "evaluation" | "validation":
            application, split = (
                application_of(facts["task"]),
                "test" if manifest.stage == "evaluation" else "validation",
            )
            scores = (
                f"{each.label} {each.shown(facts['metrics'][f'{split}/{name}'])}"
                for name, each in application.judged.items()
            )
            return f"{', '.join(scores)} on {facts['rows']:,} {split} {application.rows}"
        case "registry":
            return f"models:/{facts['name']}/{facts['version']}"
        case "gate":
            return f"version {facts['version']} {VERDICTS[facts['verdict']]}: {facts['why']}"
    raise AssertionError(manifest.stage)


def state_name(verdict: str) -> str:
    """Return the name of the last state of a run whose version got this verdict."""
    return STATES[verdict]


def epoch_line(row: Mapping[str, float], most: int) -> str:
    """Return a row of the training history that has validation metrics in one line, of at most `most` epochs."""
    metrics = (f"{name.rpartition('/')[2]} {value:,.3f}" for name, value in row.items() if "/" in name)
    return f"epoch {row['epoch']:.0f} of {most}, update {row['step']:,.0f}: validation {', '.join(metrics)}"


def _end(facts: Mapping[str, Any]) -> str:
    """Return at which epoch a training ended, and why: more epochs help only one that was still learning."""
    best, done = facts["best_epoch"], facts["epochs"]
    most = facts.get("most_epochs", done)  # of a training from before it was kept
    if done < most:
        stale = "1 epoch" if done - best == 1 else f"{done - best} epochs"
        return f"stopped early at epoch {done} of {most}: no better for {stale} (best {best})"
    return f"best epoch {best} of {done}{_advice(facts)}"


def _advice(facts: Mapping[str, Any]) -> str:
    """Return advice for a training that ended after few updates while its loss still fell; else nothing.

    More updates of a private training have more noise each.
    """
    if "differential_privacy" in facts:
        return ""
    learned = facts["validation"]["validation/loss"] < LEARNED
    if learned or facts["steps"] >= FEW_UPDATES or facts["best_epoch"] < facts["epochs"]:
        return ""
    return (
        f"; still learning after {facts['steps']:,} updates: fewer training.batch_tokens or more training.epochs help"
    )


def _coverage(coverage: dict[str, float]) -> str:
    if not coverage:
        return "none: embeddings start at random"
    return ", ".join(f"{share:.1%} of {side} tokens covered" for side, share in coverage.items())
