"""Ensembles of versions: several checkpoints that answer together, named one by one or in one folder."""

import copy
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from seqloom.artifact.new_folder import new_folder, require_new
from seqloom.decoding.confidence import CONFIDENCE_FILE
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import ENSEMBLE_FILE, load_together
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.errors import UserError
from seqloom.models.ensemble import Ensemble

REMEDY = "give versions of one task and one vocabulary, such as those of recipes that differ in training.seed"


class EnsembleBackend(TorchBackend):
    """PyTorch, for several models at once: there is no one attention, and no one vector."""

    returns_attention = False
    writes_from_summary = False


def ensemble_of(generators: Sequence[Generator], names: Sequence[str]) -> Generator:
    """Return one generator that averages the probabilities of several; all else is as the first has it.

    Its confidence is its own to learn, so it has none.

    Raises:
        UserError: they do not go together; the sentence names the one that does not fit the first.
    """
    first = generators[0]
    for generator, name in zip(generators, names, strict=True):
        if reason := _misfit(first, generator):
            raise UserError(f"{name} cannot answer together with {names[0]}: {reason}; {REMEDY}")
    combined = copy.copy(first)
    on_gpu = all(each.backend.runs_on_gpu for each in generators)
    combined.backend = EnsembleBackend(Ensemble([each.model for each in generators]), on_gpu)
    combined.tokens = min((each.tokens for each in generators if each.tokens is not None), default=None)
    combined.confidence = None
    return combined


def _misfit(first: Generator, other: Generator) -> str:
    """Return why two generators cannot answer together; empty if they can."""
    if type(first) is not type(other) or bool(first.conversation) != bool(other.conversation):
        return "their tasks differ"
    if not (isinstance(first.backend, TorchBackend) and isinstance(other.backend, TorchBackend)):
        return "probabilities are averaged by the backend torch alone"
    if first.target.tokens != other.target.tokens:
        return "their target vocabularies differ"
    if first.source.tokens != other.source.tokens:
        return "their source vocabularies differ"
    if (first.frame_width, first.frames_alone) != (other.frame_width, other.frames_alone):
        return "they read other features"
    if first.backend.has_encoder != other.backend.has_encoder:
        return "one has an encoder and the other has none"
    return ""


def require_members(checkpoints: Sequence[Path], names: Sequence[str]) -> None:
    """Refuse what is no ensemble: less than two members, or one that is an ensemble itself."""
    if len(names) < 2:
        raise UserError("an ensemble has two members at least: name another version")
    for checkpoint, name in zip(checkpoints, names, strict=True):
        if (checkpoint / ENSEMBLE_FILE).is_file():
            raise UserError(f"{name} is an ensemble itself: name the versions that it is made of")


def export_ensemble(checkpoints: Sequence[Path], names: Sequence[str], folder: Path) -> None:
    """Write an ensemble to a new folder, whole or not at all.

    Raises:
        UserError: the folder exists, or the models do not go together.
    """
    require_new(folder)
    require_members(checkpoints, names)
    load_together(checkpoints, names)
    with new_folder(folder) as made:
        write_ensemble(checkpoints, names, made)


def write_ensemble(checkpoints: Sequence[Path], names: Sequence[str], folder: Path) -> None:
    """Write the members of an ensemble to `folder`, and the files that say how the first reads and answers."""
    for number, checkpoint in enumerate(checkpoints):
        shutil.copytree(checkpoint, folder / str(number))
    for file in sorted(checkpoints[0].iterdir()):
        if file.suffix == ".json" and file.name != CONFIDENCE_FILE:
            shutil.copyfile(file, folder / file.name)
    (folder / ENSEMBLE_FILE).write_text(json.dumps({"members": list(names)}, indent=2) + "\n", encoding="utf-8")


def members_of(folder: Path) -> list[Path]:
    """Return the folders of an ensemble's members, which are numbered."""
    names = json.loads((folder / ENSEMBLE_FILE).read_text(encoding="utf-8"))["members"]
    return [folder / str(number) for number in range(len(names))]
