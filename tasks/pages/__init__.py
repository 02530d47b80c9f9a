"""The markdown page of each finished stage in Prefect's UI."""
