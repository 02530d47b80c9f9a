"""Files in any supported format to clean, split Parquet."""

SPLITS = ("train", "validation", "test")
SIDES = ("source", "target")
