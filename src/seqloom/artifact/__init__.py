"""Stage artifacts: atomic folders, their digests and cache keys."""
