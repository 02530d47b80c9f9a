"""A server of a registered version that follows its alias, with metrics and a request log."""
