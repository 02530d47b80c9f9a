"""Versions with a signature: who has the key registers, who has the public half accepts nothing else."""

from pathlib import Path

import mlflow
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from mlflow import MlflowClient

from seqloom.errors import UserError
from seqloom.registry.digital_signature import PUBLIC_KEY, SIGNING_KEY, require_signature, sign
from seqloom.registry.integrity import BACKEND_SIGNATURE_TAG, DIGEST_TAG, SIGNATURE_TAG, backend_tags
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.model_uri import fetch, find_version
from seqloom.registry.preflight import check_resources
from seqloom.registry.seal import DamagedVersion
from seqloom.registry.ui_links import VERIFY
from seqloom.registry.verification import seal_as_it_is, verify_version
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named

DIGEST = "0123456789abcdef"


def pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


OURS, THEIRS = pair(), pair()


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(SIGNING_KEY, OURS[0])
    return sign("a", "torch", DIGEST)


def test_a_signature_is_of_this_version_and_of_no_other(signed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_signature("a", "torch", DIGEST, "")  # nobody asked
    monkeypatch.setenv(PUBLIC_KEY, OURS[1])
    require_signature("a", "torch", DIGEST, signed)
    for other in (("b", "torch", DIGEST), ("a", "torch-int8", DIGEST), ("a", "torch", DIGEST[1:])):
        with pytest.raises(DamagedVersion, match="its signature was not made with the key"):
            require_signature(*other, signed)
    for signature in ("x", "AAAA", signed[:-4], "\ud800"):
        with pytest.raises(DamagedVersion, match="its signature was not made with the key"):
            require_signature("a", "torch", DIGEST, signature)
    with pytest.raises(DamagedVersion, match="it is not signed, and SEQLOOM_PUBLIC_KEY is set"):
        require_signature("a", "torch", DIGEST, "")
    monkeypatch.setenv(PUBLIC_KEY, THEIRS[1])
    with pytest.raises(DamagedVersion, match="its signature was not made with the key"):
        require_signature("a", "torch", DIGEST, signed)
    monkeypatch.setenv(PUBLIC_KEY, THEIRS[1] + OURS[1])  # one takes the other's place
    require_signature("a", "torch", DIGEST, signed)


def test_a_key_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, name, text in ((SIGNING_KEY, "private", OURS[0]), (PUBLIC_KEY, "public", OURS[1])):
        (tmp_path / name).write_text(text)
        monkeypatch.setenv(variable, str(tmp_path / name))
    require_signature("a", "torch", DIGEST, sign("a", "torch", DIGEST))


@pytest.mark.parametrize("variable", [SIGNING_KEY, PUBLIC_KEY])
@pytest.mark.parametrize(
    "key",
    ["gone.pem", "-----BEGIN", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "a\ud800", "x" * 5000],
)
def test_what_is_no_key_is_told_before_any_work(variable: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {variable: key})
    with pytest.raises(UserError, match=variable) as caught:
        check_resources(recipe_named("a"))
    assert "\n" not in str(caught.value)
    assert "AAAA" not in str(caught.value)


def test_a_key_of_another_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    other = generate_private_key(SECP256R1())
    monkeypatch.setenv(SIGNING_KEY, other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())
    with pytest.raises(UserError, match="no private Ed25519 key"):
        check_resources(recipe_named("a"))
    monkeypatch.setenv(SIGNING_KEY, "")
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    monkeypatch.setenv(PUBLIC_KEY, public.decode())
    with pytest.raises(UserError, match="no public Ed25519 key"):
        check_resources(recipe_named("a"))


def test_a_version_is_signed_where_it_is_registered(
    client: MlflowClient, home: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_named("signed")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    uri = register_version(client, recipe, run_id, "key", checkpoint, evaluation()).uri
    monkeypatch.setenv(PUBLIC_KEY, OURS[1])
    with pytest.raises(UserError, match="models:/signed/1 is damaged: it is not signed"):
        fetch(find_version(uri, home))
    monkeypatch.setenv(SIGNING_KEY, OURS[0])
    assert seal_as_it_is(uri, home).signed == "with a signature that holds"
    assert fetch(find_version(uri, home))
    assert verify_version(uri, home).signed == "with a signature that holds"
    monkeypatch.setenv(VERIFY, "1")
    assert mlflow.pyfunc.load_model(uri)
    tags = find_version(uri, home).tags
    client.set_model_version_tag("signed", "1", SIGNATURE_TAG, sign("another", "torch", tags[DIGEST_TAG]))
    with pytest.raises(UserError, match="its signature was not made with the key"):
        mlflow.pyfunc.load_model(uri)
    second = register_version(client, recipe, run_id, "another key", checkpoint, evaluation())
    assert fetch(find_version(second.uri, home))
    assert not any("PRIVATE" in value for value in find_version(second.uri, home).tags.values())


def test_forms_are_signed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SIGNING_KEY, OURS[0])
    monkeypatch.setenv(PUBLIC_KEY, OURS[1])
    tags = backend_tags("a", "torch-int8", DIGEST)
    require_signature("a", "torch-int8", DIGEST, tags[f"{BACKEND_SIGNATURE_TAG}torch-int8"])
