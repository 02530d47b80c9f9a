"""Prefect tasks: a task a stage, with its cache, retries and artifacts; no mathematics."""
