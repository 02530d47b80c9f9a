"""Garbage of Prefect's server is collected in a thread of its own."""

import subprocess
import sys

SCRIPT = """
import gc, threading
from seqloom.stack import prefect_server

class Cursor:
    def __del__(self):
        print(threading.current_thread().name)
        closed.set()

closed = threading.Event()
prefect_server.SECONDS_BETWEEN_COLLECTIONS = 0.01
prefect_server.collect_in_thread()
cursor = Cursor()
cursor.itself = cursor
del cursor
waste = [[] for _ in range(100_000)]  # a hundred times what sets a collector off
assert closed.wait(30)
"""


def test_what_refers_to_itself_is_closed_in_a_thread_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("garbage\n", "")
