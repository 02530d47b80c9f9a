"""The manifest of a finished stage, which later stages receive in place of its data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """Folder, key, digest, duration and facts of a finished stage."""

    stage: str
    key: str  # of what went in: inputs, recipe section, code
    digest: str  # of what came out, and of the key
    folder: str
    seconds: float  # the work took, when it was done
    facts: Mapping[str, Any] = field(default_factory=dict)  # JSON: counts and scores for people

    @property
    def path(self) -> Path:
        """Return the folder as a path."""
        return Path(self.folder)

    def write(self, folder: Path) -> None:
        """Write this manifest into `folder`, without the path: reading fills it in."""
        fields = {name: value for name, value in asdict(self).items() if name != "folder"}
        (folder / MANIFEST_FILE).write_text(json.dumps(fields, indent=2, ensure_ascii=False), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a finished stage; its folder is the one it is read from, wherever it was made."""
    fields = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    return Manifest(**{**fields, "folder": str(folder)})
