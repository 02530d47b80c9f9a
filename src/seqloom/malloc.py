"""Malloc settings that keep freed memory with the process while it trains or decodes on a CPU.

glibc returns large blocks to the kernel at once and takes them again, page by page, at the next step: this was a tenth
of the training time of a small Transformer (docs/notes/speed.md). Batches of ever other shapes leave holes in the heap,
hundreds of megabytes in some hundred updates, so that these are returned now and then.
"""

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_NEVER = 2**31 - 1
_DEFAULT = 128 << 10  # bytes, of both
_LARGEST_BLOCK = 32 << 20  # bytes that a step of a search takes from the heap; the most that every glibc allows
_MOST_KEPT = 256 << 20  # bytes free at the end of the heap


@contextmanager
def freed_memory_kept() -> Iterator[Callable[[], None]]:
    """Take blocks up to a gigabyte from the heap, which does not shrink, within; do nothing without glibc.

    Yields a function that returns what is free at the moment to the kernel.
    """
    allocator = _glibc()
    if allocator is None:
        yield lambda: None
        return
    allocator.mallopt(_MMAP_THRESHOLD, 1 << 30)
    allocator.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield lambda: allocator.malloc_trim(0)
    finally:
        allocator.mallopt(_MMAP_THRESHOLD, _DEFAULT)
        allocator.mallopt(_TRIM_THRESHOLD, _DEFAULT)
        allocator.malloc_trim(0)


def keep_freed_blocks() -> None:
    """Take blocks as large as a search's from the heap from now on, which keeps what is free of it within a bound.

    glibc begins so, too, but forgets what it learned of the sizes once they were set, as `freed_memory_kept` does.
    """
    allocator = _glibc()
    if allocator is not None:
        allocator.mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)
        allocator.mallopt(_TRIM_THRESHOLD, _MOST_KEPT)


def _glibc() -> ctypes.CDLL | None:
    """Return the C library of the process if its malloc can be set."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if library is not None and hasattr(library, "mallopt") else None
