"""Detect the format of a file by its name and its first bytes."""

import zipfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from xml.parsers import expat

from seqloom.corpus.charset import xml_encoding
from seqloom.corpus.compression import PACKED, detect_compression, first_bytes, members

ENDINGS = {
    **{form: form for form in ("tsv", "csv", "jsonl", "po", "mo", "parquet", "arrow", "tmx", "xliff")},
    "tab": "tsv",
    "json": "jsonl",
    "ndjson": "jsonl",
    "pot": "po",
    "gmo": "mo",
    "pq": "parquet",
    **dict.fromkeys(("feather", "ipc"), "arrow"),
    **dict.fromkeys(("xlsx", "xlsm"), "excel"),
    **dict.fromkeys(("xlf", "sdlxliff", "mxliff", "mqxliff"), "xliff"),
}
"""Format by ending of the file name."""
CALLED = {
    "parquet": "a Parquet file",
    "arrow": "an Arrow file",
    "excel": "an Excel workbook",
    "tmx": "a translation memory (TMX)",
    "xliff": "an XLIFF file",
}
"""Formats that are known by their first bytes, in words."""
WITH_COLUMNS = ("tsv", "csv", "excel", "jsonl", "parquet", "arrow")  # formats whose texts have a column, or a key
_TEXT = ("lines", "texts", "running", "labeled")  # formats whose lines may begin like anything
_COLUMNAR = {b"PAR1": "parquet", b"ARROW1": "arrow"}  # by their first bytes


def ending_of(name: str, path: Path) -> str:
    """Return the ending of a file's name in lower case, without one for its compression.

    A zip archive without a known ending has that of the file in it.
    """
    inner = urlsplit(name).path if name.startswith(("http://", "https://")) else name
    stem, _, ending = inner.lower().rpartition(".")
    while ending in PACKED:
        stem, _, ending = stem.rpartition(".")
    if ending not in ENDINGS and detect_compression(path) == "zip":
        try:
            return members(path)[0].lower().rpartition(".")[2]
        except (zipfile.BadZipFile, IndexError):
            return ending  # reported when it is opened
    return ending


def detect_format(path: Path, location: str, chosen: str = "auto") -> str:
    """Return the format of a file that its first bytes tell, or an empty string.

    Args:
        path: The file.
        location: What it is called in errors.
        chosen: Format in the recipe; one of text may begin with anything.
    """
    with path.open("rb") as file:
        head = file.read(8)
    if found := next((form for first, form in _COLUMNAR.items() if head.startswith(first)), ""):
        return found
    if detect_compression(path) == "zip":
        with suppress(zipfile.BadZipFile):  # reported when it is opened
            names = members(path)
            if len(names) != 1:
                return "excel" if "xl/workbook.xml" in names else ""
    root = "" if chosen in _TEXT else xml_root(first_bytes(path, location), location)
    return root if root in CALLED else ""


def xml_root(head: bytes, location: str) -> str:
    """Return the name of the outermost element of an XML file that begins with `head`; empty if it has none."""
    if b"<" not in head[:64]:
        return ""
    names: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, _: names.append(name)
    text = head.decode(xml_encoding(head, "utf-8", location), "replace").lstrip("\ufeff \t\r\n")
    with suppress(expat.ExpatError):  # behind the first element, or there is none
        parser.Parse(text.encode())
    return names[0].lower().rpartition(":")[2] if names else ""
