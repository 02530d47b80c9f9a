"""Stage folders that are whole or absent, their digests and cache keys."""
