"""Encoded sequences on disk, and padded batches of them."""
