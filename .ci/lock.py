"""The files of locks/ from constraints.txt: for each pinned version the digests of the files that PyPI serves.

pip install uv && python .ci/lock.py        (in the environment of make, for it knows what needs what)
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
BUILD = ("hatchling", "editables")  # the build backend, and what it needs for an editable install
RUN = ("demo", "postgres")  # extras of the image
DOCS = ("docs",)  # the extra of the docs site, which nothing else installs
# Of PyTorch the machine may hold a file of its own: this is the CPU build for Python 3.11 that the tests ran with.
OF_TORCH = ("sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",)


def needed(name: str, extras: tuple[str, ...] = ()) -> set[str]:
    """A distribution and all that it needs."""
    found: set[str] = set()
    waiting = [(name, extras)]
    while waiting:
        name, extras = waiting.pop()
        try:
            wanted = [Requirement(line) for line in requires(name) or ()]
        except PackageNotFoundError:  # of another system
            continue
        for one in wanted:
            if any(one.marker is None or one.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                key = canonicalize_name(one.name)
                if key not in found or one.extras:
                    found.add(key)
                    waiting.append((one.name, tuple(one.extras)))
    return found


def hashed(pins: list[str]) -> str:
    """The pins with the digests of all their files, for every system."""
    options = "--no-deps --generate-hashes --universal --no-header --no-annotate --no-config --python-version 3.11 -q -"
    command = [sys.executable, "-m", "uv", "pip", "compile", *options.split()]
    return subprocess.run(command, input="\n".join(pins), stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> None:
    """Write the four files."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(line.partition("==")[0]): line for line in lines if "==" in line}
    torch = pins.pop("torch")
    run = needed("seqloom", RUN) | set(BUILD).union(*map(needed, BUILD))
    docs = needed("seqloom", DOCS) - needed("seqloom", ("dev", "fast")) - run
    parts = {
        "run.txt": [pin for name, pin in pins.items() if name in run],
        "develop.txt": [pin for name, pin in pins.items() if name not in run | docs],
        "docs.txt": [pin for name, pin in pins.items() if name in docs],
        "torch.txt": [torch],
    }
    for name, chosen in parts.items():
        more = "".join(f" \\\n    --hash={digest}" for digest in OF_TORCH) if name == "torch.txt" else ""
        text = f"# Made by .ci/lock.py from constraints.txt.\n{hashed(chosen).rstrip()}{more}\n"
        (ROOT / "locks" / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
