"""What people are told of a finished stage: one line, and one page of markdown."""

import json

from seqloom.artifact.manifest import Manifest

VERDICTS = {
    "champion": "is champion",
    "refused": "is refused",
    "declined": "was declined",
    "waiting": "waits for approval",
}


def headline(manifest: Manifest) -> str:
    """The stage in one line."""
    facts = manifest.facts
    match manifest.stage:
        case "corpus":
            rows, rejected = facts["rows"], sum(facts["rejected"].values())
            return (
                f"{rows['train']:,} pairs to train, {rows['validation']:,} to validate, {rows['test']:,} to test, "
                f"{rejected:,} rejected"
            )
        case "vocabulary":
            return f"{facts['size']['source']:,} source and {facts['size']['target']:,} target tokens"
        case "vectors":
            return _coverage(facts["coverage"])
        case "batches":
            return f"{facts['tokens']['train.target']:,} target tokens to train on"
        case "training":
            return (
                f"{facts['parameters'] / 1e6:.1f} M parameters, epoch {facts['best_epoch']} of {facts['epochs']} best: "
                f"validation loss {facts['validation']['validation/loss']:.3f}"
            )
        case "evaluation":
            metrics = facts["metrics"]
            return f"BLEU {metrics['test/bleu']:.1f}, chrF {metrics['test/chrf']:.1f} on {facts['rows']:,} test pairs"
        case "registry":
            return f"models:/{facts['name']}/{facts['version']}"
        case "gate":
            return f"version {facts['version']} {VERDICTS[facts['verdict']]}: {facts['why']}"
    raise AssertionError(manifest.stage)


def page(manifest: Manifest) -> str:
    """The stage as a page of the Prefect UI: its headline and everything it counted."""
    facts = json.dumps(dict(manifest.facts), indent=2, ensure_ascii=False)
    return (
        f"## {manifest.stage}\n\n{headline(manifest)}\n\n"
        f"- folder `{manifest.folder}`\n- digest `{manifest.digest[:16]}`\n- took {manifest.seconds:.1f} s\n\n"
        f"```json\n{facts}\n```\n"
    )


def _coverage(coverage: dict[str, float]) -> str:
    if not coverage:
        return "none: embeddings start at random"
    return ", ".join(f"{share:.1%} of {side} tokens covered" for side, share in coverage.items())
