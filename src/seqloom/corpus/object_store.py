"""Copy files from object stores and other servers by fsspec: s3://, gs://, az://, sftp:// and more.

Credentials are those that each library finds itself: the environment, ~/.aws, an instance role …
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqloom.corpus.url_secrets import fill_secrets, redact
from seqloom.errors import Unreachable, UserError
from seqloom.url_mask import REFERENCE

SCHEMES = ("s3", "gs", "gcs", "az", "adl", "oci", "oss", "hdfs", "webhdfs", "sftp", "ssh", "ftp", "smb", "hf")
"""Those of servers: fsspec's others read local files, chain filesystems, or run code."""
_LIBRARIES = {
    "s3": "s3fs",
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "adl"), "adlfs"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "oci": "ocifs",
    "oss": "ossfs",
    "smb": "smbprotocol",
    "hf": "huggingface_hub",
}
_CHUNK = 1 << 20  # bytes


def is_object(location: str) -> bool:
    """Return whether a location is a URL that fsspec reads."""
    return location.partition("://")[0] in SCHEMES and "://" in location


def copy_object(url: str, address: str, secrets: tuple[str, ...], folder: Path, field: str) -> Path:
    """Copy the file at `address` into `folder` and return its path.

    Args:
        url: The address as the recipe says it, with its secrets masked.
        address: The same with its secrets.
        secrets: What no error may show.
        folder: An empty folder.
        field: Field of the recipe that names it.

    Raises:
        Unreachable: the server does not answer.
        UserError: a library is missing, the server refuses the file, or it is a folder.
    """
    import fsspec.core  # as below: a tenth of a second that only such a file needs

    with _errors_of_store(url, secrets, field):
        store, path = fsspec.core.url_to_fs(address, expand=False)
        with store.open(path, "rb") as stream, (folder / "file").open("wb") as file:
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
        is_folder = not (folder / "file").stat().st_size and store.isdir(path)  # s3fs reads a folder as an empty file
    if is_folder:
        raise UserError(f"{url}: is a folder; name its files, such as {url.rstrip('/')}/*; correct {field}")
    return folder / "file"


def matching_objects(url: str, field: str) -> list[str]:
    """Return the URLs of the files that match a pattern, sorted; only * is special, as names may contain brackets.

    Secrets that are named before the first * stay named.

    Raises:
        Unreachable: the server does not answer.
        UserError: a library is missing, the server refuses the listing, or nothing matches.
    """
    begin, _, rest = url.partition("*")
    if "#" in url or "::" in url or REFERENCE.search(rest):
        raise UserError(f"{url}: a pattern has no #, and no ::, and no secret behind its first *; correct {field}")
    import fsspec.core

    address, secrets = fill_secrets(url, field)
    with _errors_of_store(url, secrets, field):
        store, pattern = fsspec.core.url_to_fs(address, expand=False)
        escaped = re.sub(r"[\[?]", lambda found: f"[{found[0]}]", pattern)
        listed = store.glob(escaped, detail=True)
    folder, above = pattern.partition("*")[0].rpartition("/")[0], begin.rpartition("/")[0]
    found = sorted(path for path, facts in listed.items() if facts["type"] == "file")
    if not found:
        raise UserError(f"{url}: matches no file; correct {field}")
    return [f"{above}{path.removeprefix(folder)}" for path in found]


@contextmanager
def _errors_of_store(url: str, secrets: tuple[str, ...], field: str) -> Iterator[None]:
    """Turn the errors of a server and its library into sentences without secrets."""
    scheme = url.partition("://")[0]
    if "::" in url:
        raise UserError(f"{url}: names a file or a pattern, without ::; correct {field}")
    try:
        yield
    except ImportError:
        library = _LIBRARIES.get(scheme, "the library that fsspec names")
        raise UserError(f"{url}: needs a library: pip install {library}, or give a local file") from None
    except FileNotFoundError:
        raise UserError(f"{url}: no such file; correct {field}") from None
    except Exception as error:  # each server's library has errors of its own
        reason = " ".join(redact(str(error), secrets).split())[:200] or type(error).__name__
        away = isinstance(error, ConnectionError | TimeoutError) or "connect" in reason.lower()
        raise (Unreachable if away else UserError)(
            f"{url}: cannot be copied ({reason}); correct {field} or the credentials of {scheme} in the "
            "environment, or give a local file"
        ) from None
