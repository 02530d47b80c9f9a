"""The stack on one machine: Prefect, MLflow and workers, each a real server, up with one command."""
