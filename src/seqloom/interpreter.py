"""The command prefix for Python processes that Seqloom starts."""

import sys

PYTHON_MODULE = (sys.executable, "-P", "-m")
"""Before the name of a module: runs it without the working directory on the path of imports.

That is the user's folder, where a `flows/`, `tasks.py` or `torch.py` of theirs would be taken for ours.
"""
