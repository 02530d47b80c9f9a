"""Folders of the benchmark."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "bench" / "recipes"
HOME = ROOT / ".bench"  # the peers' environments and what was made for a run; not in git
