"""Encoded, memory-mapped sequences and the padded batches made of them."""
