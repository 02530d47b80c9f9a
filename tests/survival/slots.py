"""A process that holds a slot of the limit `gpu`, as a training on a GPU does."""

import subprocess
import sys
import time

from tests.survival.stack import Stack

CODE = """
import sys, time
from tasks.gpu import slots
with slots(1):
    print("held", flush=True)
    sys.stdin.readline()
print("given back", flush=True)
"""


class Holder:
    """Asks for the slot, holds it until it is told to let go."""

    def __init__(self, stack: Stack) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CODE],
            env=stack.environment,
            cwd=stack.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def holds(self) -> None:
        """Return when it has the slot."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line == "held\n", (line, self.process.communicate())

    def killed(self) -> float:
        self.holds()
        self.process.kill()
        self.process.communicate()
        return time.monotonic()

    def let_go(self) -> str:
        """What it says to the end."""
        output, error = self.process.communicate("\n", timeout=120)
        assert self.process.returncode == 0, error
        return output


def free_slots(stack: Stack) -> int:
    limit = stack.client.read_global_concurrency_limit_by_name("gpu")
    return limit.limit - limit.active_slots
