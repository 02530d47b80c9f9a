"""Every test runs on one thread: threads of several tests at once would wait for each other."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
