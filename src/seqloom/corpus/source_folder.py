"""Folders as sources: a data set that Hugging Face datasets saved, or documents of plain text."""

import json
from pathlib import Path

from seqloom.corpus.compression import PACKED
from seqloom.errors import UserError

_DICT, _STATE, _INFO = "dataset_dict.json", "state.json", "dataset_info.json"
_SPLITS = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}
_DOCUMENTS = ("txt", "text", "md", "rst")  # endings of plain text
_TEXT = ("texts", "running", "labeled")
_SHOWN = 10  # names in a sentence


def folder_files(folder: Path, location: str, field: str, format_: str) -> list[Path]:
    """Return the files of a folder that are read: the shards of a data set, or documents where `format_` is of text.

    Args:
        folder: The folder.
        location: What it is called in errors.
        field: Field of the recipe that names it, which tells the split: corpus.train …
        format_: Format in the recipe.

    Raises:
        UserError: it is no such folder, or its data set lacks the split.
    """
    for name, find in ((_DICT, _of_dict), (_STATE, _of_state), (_INFO, _of_cache)):
        if (folder / name).is_file():
            return find(folder, location, field)
    if format_ not in _TEXT:
        raise UserError(
            f"{location}: a folder, not a file; name the files in it, such as {location.rstrip('/')}/*.po, in {field}"
        )
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_document(path, folder)]
    if not found:
        endings = ", ".join(f"*.{ending}" for ending in _DOCUMENTS)
        raise UserError(f"{location}: holds no document ({endings}); correct {field}")
    return found


def _is_document(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    endings = [ending for ending in path.name.lower().split(".")[1:] if ending not in PACKED]
    return not any(part.startswith(".") for part in parts) and endings[-1:] != [] and endings[-1] in _DOCUMENTS


def _of_dict(folder: Path, location: str, field: str) -> list[Path]:
    """Return the shards of a split of what `DatasetDict.save_to_disk` wrote."""
    said = _strings(_read(folder / _DICT, location).get("splits"))
    name = next((name for name in _SPLITS[field.rpartition(".")[2]] if name in said), "")
    if not name or not (folder / name / _STATE).is_file():
        raise UserError(
            f"{location}: a data set with the splits {', '.join(said[:_SHOWN]) or 'none'}; name the folder of one in "
            f"{field}, such as {location.rstrip('/')}/{next(iter(said), 'train')}"
        )
    return _of_state(folder / name, f"{location.rstrip('/')}/{name}", field)


def _of_state(folder: Path, location: str, field: str) -> list[Path]:
    """Return the shards of what `Dataset.save_to_disk` wrote."""
    state = _read(folder / _STATE, location)
    listed = state.get("_data_files")
    files = listed if isinstance(listed, list) else []
    names = _strings([file.get("filename") for file in files if isinstance(file, dict)])
    if not names or any(Path(name).name != name for name in names) or state.get("_indices_data_files"):
        raise UserError(f"{location}: {_STATE} lists no shards in order; call flatten_indices() and save it again")
    missing = next((name for name in names if not (folder / name).is_file()), "")
    if missing:
        raise UserError(f"{location}: the shard {missing} is missing; copy the folder again, or correct {field}")
    return [folder / name for name in names]


def _of_cache(folder: Path, location: str, field: str) -> list[Path]:
    """Return the shards of a split in the cache of `load_dataset`, such as imdb-train.arrow."""
    split = field.rpartition(".")[2]
    found = [path for path in sorted(folder.glob("*.arrow")) if any(f"-{name}" in path.stem for name in _SPLITS[split])]
    if not found:
        raise UserError(f"{location}: a data set without shards of {split}; name its files in {field}")
    return found


def _read(file: Path, location: str) -> dict[str, object]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UserError(f"{location}: {file.name} is no JSON object; copy the folder again")
    return content


def _strings(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
