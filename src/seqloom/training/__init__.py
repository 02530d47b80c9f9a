"""Training loop, checkpoints and early stopping."""
