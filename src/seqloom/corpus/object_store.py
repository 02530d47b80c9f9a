"""Copy files from object stores and other servers by fsspec: s3://, gs://, az://, sftp:// and more.

Credentials are those that each library finds itself: the environment, ~/.aws, an instance role …
"""

from pathlib import Path

import fsspec

from seqloom.corpus.url_secrets import redact
from seqloom.errors import Unreachable, UserError

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
        UserError: a library is missing, or the server refuses the file.
    """
    scheme = url.partition("://")[0]
    if "*" in url or "::" in url:
        raise UserError(f"{url}: names one file, without * and ::; correct {field}")
    try:
        with fsspec.open(address, "rb", expand=False) as stream, (folder / "file").open("wb") as file:
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
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
    return folder / "file"
