"""A model over a whole file: shard by shard, to Parquet, resumable, and no row is lost."""
