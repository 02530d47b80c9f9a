"""Each stage as Prefect sees it: its cache, its retries, its artifacts; no mathematics."""
