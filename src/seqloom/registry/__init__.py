"""MLflow: runs, registered versions and the model as others load it."""
