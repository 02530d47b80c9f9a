"""What every vocabulary has in common; models and training need this and no tokenizer."""

PADDING, UNKNOWN, START, END = range(4)
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")  # no text; index = id, first in every vocabulary
MARK = "▁"  # U+2581: stands for the space before a token

SOURCE_FILE, TARGET_FILE = VOCABULARY_FILES = ("source.json", "target.json")
