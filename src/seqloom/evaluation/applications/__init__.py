"""Evaluators of each application: metrics, baselines, slices and plots."""
