"""What people see of a finished stage in Prefect's UI: one page of markdown each."""
