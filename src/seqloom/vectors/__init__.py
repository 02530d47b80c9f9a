"""Word vectors aligned with the vocabulary."""
