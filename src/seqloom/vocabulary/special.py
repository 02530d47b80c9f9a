"""The four tokens that are no text; they come first in every vocabulary."""

PADDING, UNKNOWN, START, END = range(4)
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")  # index = id
