"""The recipe: one YAML file that says what to make, and its checks."""
