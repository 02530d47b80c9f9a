"""What a person starts or schedules: straight lines, no logic."""

import os

# Before torch is loaded: a thread that waits gives its core away. On a machine with other work the default, to spin,
# makes a training tens of times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
