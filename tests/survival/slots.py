"""A process that holds slots of the limit `gpu`, as a training on a GPU does."""

import subprocess
import sys
import time

from tests.survival.stack import Stack

CODE = """
import sys
from tasks.gpu_slots import slots
with slots(int(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
print("given back", flush=True)
"""


class Holder:
    """Asks for slots, holds them until it is told to let go."""

    def __init__(self, stack: Stack, devices: int = 1) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CODE, str(devices)],
            env=stack.environment,
            cwd=stack.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def holds(self) -> None:
        """Return when it has them."""
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
        output, error = self.process.communicate("\n", timeout=300)
        assert self.process.returncode == 0, error
        return output


def free_slots(stack: Stack) -> int:
    limit = stack.client.read_global_concurrency_limit_by_name("gpu")
    return limit.limit - limit.active_slots
