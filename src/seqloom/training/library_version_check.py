"""Check for an interrupted training that differs by its library versions alone.

Its weights would be those of neither version, so the training begins anew, with a warning.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from seqloom.training.training_state import newest_checkpoint

_FILE = "versions.json"


def note_versions(workspace: Path, inputs: str, libraries: Mapping[str, str]) -> None:
    """Write the library versions to a training's workspace; `inputs` is the digest of its other inputs."""
    text = json.dumps({"kin": inputs, "libraries": dict(libraries)})
    (workspace / _FILE).write_text(text, encoding="utf-8")


def interrupted_elsewhere(workspace: Path, inputs: str, libraries: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each other workspace in which the same training stopped under other library versions."""
    for file in sorted(workspace.parent.glob(f"*/{_FILE}")):
        noted = json.loads(file.read_text(encoding="utf-8"))
        checkpoint = newest_checkpoint(file.parent)
        if file.parent == workspace or noted["kin"] != inputs or checkpoint is None:
            continue
        others = {name: version for name, version in noted["libraries"].items() if libraries.get(name) != version}
        theirs, ours = (
            ", ".join(f"{name} {of.get(name, 'absent')}" for name in others) for of in (noted["libraries"], libraries)
        )
        yield (
            f"the same training stopped at {checkpoint.name} with {theirs}; here is {ours}, so it begins anew: install "
            f"{theirs} to go on with that one, or remove {file.parent}"
        )
