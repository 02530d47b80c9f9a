"""Rules of an endpoint that answers texts: its address, model, prompt and key.

A recipe and a command call these by names of their own; no sentence repeats a key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from seqloom.url_mask import REFERENCE

LOCAL = ("localhost", "127.0.0.1", "::1")  # hosts that a key reaches without leaving the machine


@dataclass(frozen=True)
class EndpointNames:
    """Names of the fields of an endpoint, as a recipe or a command has them, for sentences."""

    address: str
    model: str
    prompt_file: str
    key: str


IN_RECIPE = EndpointNames("corpus.teacher", "teaching.model", "teaching.prompt_file", "teaching.key")
OF_COMMAND = EndpointNames("teacher", "--model", "--prompt", "--key")


def endpoint_errors(url: str, model: str, prompt_file: str, key: str, names: EndpointNames) -> Iterator[str]:
    """Yield what an endpoint lacks, or what would give its key away."""
    address = _address(url)
    if not address:
        yield (
            f"{names.address} is models:/NAME@ALIAS, the folder of a checkpoint, or the address of an endpoint, such "
            "as https://HOST/v1"
        )
        return
    if "@" in address.netloc or address.query or address.fragment:
        yield (
            f"{names.address}: a user, a password and what follows ? or # would be kept with the address: give the "
            f"address that ends before /chat/completions, and a key as {names.key}"
        )
    if not model:
        yield f"{names.address} is an endpoint: name its model in {names.model}"
    if not prompt_file:
        yield (
            f"{names.address} is an endpoint: name a file in {names.prompt_file}, with {{source}} where the text goes"
        )
    if key and not REFERENCE.fullmatch(key):
        yield (
            f"{names.key} is written as ${{NAME}}, and NAME is set in the environment or kept in a Secret block of "
            "Prefect: the key itself would be kept and shown"
        )
    if key and address.scheme == "http" and address.hostname not in LOCAL:
        yield f"{names.address}: {names.key} would go over the network unencrypted; write https://"


def _address(url: str) -> SplitResult | None:
    """Return the parts of an endpoint's address; None if it is none."""
    try:
        address = urlsplit(url)
        reached = address.scheme in ("http", "https") and address.hostname and address.port != 0
    except ValueError:  # a port or a host that cannot be
        return None
    return address if reached and not any(map(str.isspace, url)) else None
