"""Hypotheses from a trained model."""
