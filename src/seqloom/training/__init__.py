"""The training loop, its checkpoints and its early stop."""
