"""Encoded sequences on the disk and the padded batches made of them."""
