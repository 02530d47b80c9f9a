"""Files in any supported format to clean, split Parquet."""
