"""Servers and workers on one machine: Prefect, MLflow and Prefect workers, started by one command."""
