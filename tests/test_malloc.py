"""Memory of a training whose batches have ever other shapes stays bounded."""

import subprocess
import sys

import pytest

SHAPES = 600
MEGABYTES = 250  # 1,024 kept products of these shapes take 490 where the processor multiplies tiles, 256 of them 300
PRODUCTS = f"""
import seqloom, torch
from pathlib import Path
def owned():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024
torch.set_num_threads(1)
weight = torch.ones(1024, 256, dtype=torch.bfloat16)
torch.ones(8, 1024, dtype=torch.bfloat16) @ weight
before = owned()
for rows in range(64, 64 + {SHAPES}):
    torch.ones(rows, 1024, dtype=torch.bfloat16) @ weight
print(owned() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read in /proc")
def test_compiled_products_are_not_kept_by_the_thousand() -> None:
    done = subprocess.run([sys.executable, "-c", PRODUCTS], capture_output=True, text=True, check=True)
    assert float(done.stdout) < MEGABYTES


SEARCH = """
import resource, torch
from seqloom.malloc import freed_memory_kept, keep_freed_blocks
with freed_memory_kept():
    pass  # a training in this process, which leaves thresholds behind
keep_freed_blocks()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def steps():
    for _ in range(10):
        torch.zeros(4 << 20)  # 16 MB, such as attention's energies in one step
steps()
before = faults()
steps()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc's malloc")
def test_the_steps_of_a_search_reuse_the_memory_of_the_step_before() -> None:
    done = subprocess.run([sys.executable, "-c", SEARCH], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2 * 4096  # pages of a block; ten times as many where each is taken anew
