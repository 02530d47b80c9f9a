"""A source of a recipe for a file of pairs that Seqloom wrote."""

import json


def source_of_pairs(name: str, file: object, weight: int = 1, test_share: float = 0.0) -> str:
    """Return the entry of `corpus.sources`, a mapping of YAML, with columns: the corpus may call its own otherwise."""
    train = json.dumps(str(file), ensure_ascii=False)
    more = f", weight: {weight}" if weight != 1 else ""
    more += f", test_share: {test_share}" if test_share else ""
    return f"{{name: {name}, train: [{train}], source_column: source, target_column: target{more}}}"
