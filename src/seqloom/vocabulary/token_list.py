"""The tokens of a saved vocabulary, read without a tokenizer: where a model is trained there may be none."""

import json
from pathlib import Path


def read_tokens(path: Path) -> list[str]:
    """Return what `Vocabulary.load(path).tokens` is; index = id."""
    stored = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    if isinstance(stored, list):  # of unigram pieces, each with its likelihood
        return [token for token, _ in stored]
    return sorted(stored, key=stored.__getitem__)
