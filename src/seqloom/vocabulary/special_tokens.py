"""Special tokens and the token list of a saved vocabulary, readable without a tokenizer library."""

import json
from pathlib import Path

PADDING, UNKNOWN, START, END = range(4)
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")  # first in every vocabulary; index = id
MARK = "▁"  # U+2581, the space before a token

SOURCE_FILE, TARGET_FILE = VOCABULARY_FILES = ("source.json", "target.json")


def read_tokens(path: Path) -> list[str]:
    """Read the tokens of a saved vocabulary, `Vocabulary.load(path).tokens`; index = id."""
    stored = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    if isinstance(stored, list):  # unigram pieces with their log probabilities
        return [token for token, _ in stored]
    return sorted(stored, key=stored.__getitem__)
