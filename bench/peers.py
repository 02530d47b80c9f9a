"""Set the peers up, each in an environment of its own under .bench/: `python -m bench.peers`.

torch goes in first and pinned where they train, so that every contender computes with the same build. JoeyNMT 2.3.0
imports importlib_metadata and pkg_resources without naming them (the latter left setuptools with version 81); Eole
0.6.4 imports aiohttp without naming it.
"""

import subprocess
import sys
import venv
from pathlib import Path

from bench.paths import HOME

TORCH = "torch==2.13.0"
PEERS = {
    "joeynmt": (TORCH, "joeynmt==2.3.0", "importlib_metadata", "setuptools<81"),
    "eole": (TORCH, "eole==0.6.4", "aiohttp"),
    "opusfilter": ("opusfilter==3.3.1",),
}


def python_of(peer: str) -> Path:
    """Return the peer's Python, after creating its environment if needed.

    Raises:
        SystemExit: pip cannot install it.
    """
    folder = HOME / peer
    python = folder / "bin" / "python"
    installed = folder / "installed"
    wanted = "\n".join(PEERS[peer])
    if installed.exists() and installed.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing {peer} in {folder}", file=sys.stderr, flush=True)
    venv.create(folder, clear=True, with_pip=True)
    for packages in dict.fromkeys((PEERS[peer][:1], PEERS[peer])):
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"{peer}: pip could not install {', '.join(packages)}; see its message above")
    installed.write_text(wanted, encoding="utf-8")
    return python


if __name__ == "__main__":
    for name in PEERS:
        print(python_of(name))
