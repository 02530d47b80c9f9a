"""Hyperparameter search: a study of trials, each a recipe with other values (Optuna, Akiba et al. 2019)."""
