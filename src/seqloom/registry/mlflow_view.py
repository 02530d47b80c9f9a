"""The view of MLflow's UI that Seqloom's pages are opened in."""

TRAINING_VIEW = "?workflowType=machine_learning"
"""Runs, metrics and charts of trainings; without it the UI of MLflow 3 begins with the traces of agents."""
