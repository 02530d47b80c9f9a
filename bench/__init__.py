"""Seqloom side by side with its peers: `python -m bench`; README.md explains the output."""
