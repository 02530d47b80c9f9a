"""Unsupported file formats, recognized by first bytes or name, each with a conversion to suggest."""

import re
import zipfile
from pathlib import Path

from seqloom.corpus.compression import detect_compression, first_bytes, members
from seqloom.errors import UserError

_PANDAS = "pandas.read_{}(…).to_parquet(…)"
_SHEET = ("a spreadsheet of another form than XLSX", "saving it as XLSX or CSV UTF-8")
_WORDS = ("a text document", "saving it as plain text, or by pandoc -t plain")
_SUBTITLES = ("a file of subtitles", "a script that writes one subtitle a line, without times")
_FEATHER = ("a Feather file of version 1", _PANDAS.format("feather"))
_DATABASE = ("a database", "sqlite3 -header -csv FILE 'select …'")
_PICKLE = ("a pickle, which can run any code when it is opened", "pandas, where it comes from: to_parquet(…)")
_HDF = ("an HDF5 file", _PANDAS.format("hdf"))
_PAGE = ("an HTML page, perhaps of a login in place of a download,", "pandoc -t plain")
_QT = ("a translation file of Qt", "ts2po of the Translate Toolkit")
_RESOURCES = ("a file of resources", "the converters to PO of the Translate Toolkit (such as resx2po, android2po)")
_POINTER = ("the pointer of Git LFS, and not the file,", "git lfs pull")
_TAR = ("a tar archive without aligned files (such as x.en and x.de),", "tar xf, and naming the files in it")
_OTHER_XML = ("an XML file", "a script that writes a table of two columns")

_BY_ENDING = {
    **dict.fromkeys(("xls", "xlsb", "ods"), _SHEET),
    **dict.fromkeys(("docx", "doc", "odt", "rtf", "epub", "pdf"), _WORDS),
    **dict.fromkeys(("srt", "vtt", "ass", "ttml"), _SUBTITLES),
    **dict.fromkeys(("sqlite", "sqlite3", "db"), _DATABASE),
    **dict.fromkeys(("pkl", "pickle", "joblib"), _PICKLE),
    **dict.fromkeys(("h5", "hdf5"), _HDF),
    "orc": ("an ORC file", _PANDAS.format("orc")),
    "avro": ("an Avro file", "fastavro and pandas: to_parquet(…)"),
    **dict.fromkeys(("npy", "npz"), ("a file of NumPy's", "pandas.DataFrame(numpy.load(…)).to_csv(…)")),
    **dict.fromkeys(("html", "htm", "xhtml"), _PAGE),
    **dict.fromkeys(("resx", "strings", "properties", "ftl"), _RESOURCES),
    "tar": _TAR,
    "tgz": _TAR,
}
_BY_BYTES = {
    b"SQLite format 3\0": _DATABASE,
    b"FEA1": _FEATHER,
    b"Obj\x01": _BY_ENDING["avro"],
    b"\x93NUMPY": _BY_ENDING["npy"],
    b"\x89HDF": _HDF,
    b"%PDF-": _WORDS,
    b"{\\rtf": _WORDS,
    b"\xd0\xcf\x11\xe0": ("an old Office document", _SHEET[1]),
    b"\x80\x04\x95": _PICKLE,
    b"\x80\x05\x95": _PICKLE,
    b"version https://git-lfs.github.com/spec": _POINTER,
}
_ROOTS = {
    "html": _PAGE,
    "ts": _QT,
    "resources": _RESOURCES,
    "root": _RESOURCES,
}
_XML = re.compile(r"\s*<(\?xml|!doctype|html)\b", re.IGNORECASE)
_ROOT = re.compile(r"<(?:!doctype\s+)?([a-z][\w.:-]*)", re.IGNORECASE)


def refuse_unsupported(location: str, path: Path, ending: str, field: str, markup: bool) -> None:
    """Refuse a file of an unsupported format, by its ending and its first bytes.

    With `markup` plain text may contain tags and is not taken for an HTML or XML file.

    Raises:
        UserError: the format is unsupported; the message names it and a conversion.
    """
    found = _of_zip(path) or _BY_ENDING.get(ending)
    if not found:
        head = first_bytes(path, location)
        found = next((kind for first, kind in _BY_BYTES.items() if head.startswith(first)), None)
        found = found or (_TAR if head[257:262] == b"ustar" else None) or (None if markup else _of_markup(head))
    if found:
        what, how = found
        raise UserError(f"{location}: is {what} which is not read; it can be turned into one by {how}; correct {field}")


def _of_zip(path: Path) -> tuple[str, str] | None:
    """Return the format of an Office document, which is a zip archive itself, or None."""
    if detect_compression(path) != "zip":
        return None
    try:
        names = members(path)
    except zipfile.BadZipFile:
        return None  # reported when it is opened
    if any(name.startswith("xl/") for name in names):
        return _SHEET
    if "[Content_Types].xml" in names:
        return _WORDS
    if names[:1] == ["mimetype"]:
        return _SHEET if path.suffix.lower() == ".ods" else _WORDS
    return None


def _of_markup(head: bytes) -> tuple[str, str] | None:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head[:4096].decode(encoding, "replace")
    if not _XML.match(text):
        return None
    roots = [name.lower().rpartition(":")[2] for name in _ROOT.findall(text)]
    return next((_ROOTS[root] for root in roots[:2] if root in _ROOTS), _OTHER_XML)
