"""One training each, run in its own process (and the peers in their own environments) under `bench.turns`."""
