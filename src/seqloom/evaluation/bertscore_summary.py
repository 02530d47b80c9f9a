"""BERTScore in words."""

from collections.abc import Mapping
from typing import Any


def describe_bertscore(found: Mapping[str, Any]) -> str:
    """Return the score, its interval and whose vectors it is by."""
    low, high = found["interval"]
    model, _, layer = found["signature"].partition("|sha256:")
    return (
        f"BERTScore F1 {found['f1']:.4f} (95 %: {low:.4f} to {high:.4f}), precision {found['precision']:.4f}, recall "
        f"{found['recall']:.4f}, on {found['rows']:,} rows by the vectors of {model.removeprefix('model:')}, "
        f"layer {layer.partition('|layer:')[2].partition('|')[0]}"
    )
