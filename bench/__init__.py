"""Seqloom side by side with its peers: `python -m bench`; README.md says how to read what it prints."""
