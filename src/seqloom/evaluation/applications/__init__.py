"""How each kind of task is measured: its scores, baselines, slices and pictures."""
