"""Batch inference over a file: in shards, to Parquet, resumable, with a row of output for each row of input."""
