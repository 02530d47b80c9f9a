"""Who may write a version's files: whatever they change, a sentence says so, and nothing that they planted is run."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.gate_runner import _smoke
from seqloom.registry.integrity import DIGEST_TAG, digest_of
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.model_uri import download, fetch, find_version
from seqloom.registry.parent_version import pin_parent
from seqloom.registry.seal import DamagedVersion, seal, seal_of, verify
from seqloom.registry.ui_links import VERIFY
from seqloom.registry.verification import seal_as_it_is, verify_version
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named, write_checkpoint

MARK = Path("/tmp") / f"planted-{os.getpid()}"
PLANTED = f"open({str(MARK)!r}, 'w').close()\n"
WEIGHTS, RECIPE, SIZES = (f"checkpoint/{name}" for name in ("weights.safetensors", "recipe.json", "sizes.json"))
CHECKER, ANSWERING, MISTAKE = (f"code/seqloom/{name}.py" for name in ("registry/seal", "decoding/predictor", "errors"))

Tamper = Callable[[Path], object]
"""Of the folder that MLflow hands out."""


def package(folder: Path) -> Path:
    return folder / "artifacts" / "package"


def write(name: str, text: str | bytes) -> Tamper:
    """A file of the package, in place of what it was."""

    def tamper(folder: Path) -> None:
        place = package(folder) / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)

    return tamper


def change(name: str, how: Callable[[bytes], bytes]) -> Tamper:
    return lambda folder: (folder / name).write_bytes(how((folder / name).read_bytes()))


def plant(name: str) -> Tamper:
    return change(f"artifacts/package/{name}", lambda text: PLANTED.encode() + text)


def resealed(tamper: Tamper) -> Tamper:
    """With a manifest that agrees."""

    def both(folder: Path) -> None:
        tamper(folder)
        seal(package(folder))

    return both


def told_so(tamper: Tamper) -> Tamper:
    """And an MLmodel that agrees with the manifest."""

    def both(folder: Path) -> None:
        before = seal_of(package(folder))
        resealed(tamper)(folder)
        change("MLmodel", lambda text: text.replace(before.encode(), seal_of(package(folder)).encode()))(folder)

    return both


def without_line(name: str, tamper: Tamper = lambda _: None) -> Tamper:
    def both(folder: Path) -> None:
        tamper(folder)
        manifest = package(folder) / "manifest.json"
        listed = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        del listed[name]
        manifest.write_text(json.dumps({"files": listed}), encoding="utf-8")

    return both


def listed(**lines: object) -> Tamper:
    return write("manifest.json", json.dumps({"files": lines}))


def remove(name: str) -> Tamper:
    return lambda folder: (package(folder) / name).unlink()


def all_of(*tampers: Tamper) -> Tamper:
    return lambda folder: [tamper(folder) for tamper in tampers]


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0x80]) + content[middle + 1 :]


def other_weights(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    write_checkpoint(other, model={"encoder_width": 6, "decoder_width": 10, "attention": "multiplicative"})
    shutil.copyfile(other / "weights.safetensors", package(folder) / WEIGHTS)
    shutil.rmtree(other)


DEEP = "[" * 100_000
TERABYTE = json.dumps({"source": 1 << 31, "target": 1 << 31, "width": 128, "shared": False})
BLIND = "def verify(root, required=()):\n    return {}\n"

IN_THE_PACKAGE: dict[str, Tamper] = {
    "the checker checks nothing": change(f"artifacts/package/{CHECKER}", lambda text: text + BLIND.encode()),
    "and is sealed": resealed(change(f"artifacts/package/{CHECKER}", lambda text: text + BLIND.encode())),
    "the checker does something else": plant(CHECKER),
    "something else, sealed": resealed(plant(CHECKER)),
    "a module does something else": plant(ANSWERING),
    "a module, sealed": resealed(plant(ANSWERING)),
    "a module out of the manifest": without_line(ANSWERING, plant(ANSWERING)),
    "the line of a module": without_line(MISTAKE),
    "a module and its line": without_line(MISTAKE, remove(MISTAKE)),
    "a module that was added": write("code/seqloom/added.py", PLANTED),
    "bytecode that was added": write("code/seqloom/__pycache__/mistake.cpython-311.pyc", b"\0" * 16),
    "a package of the library's name": write("torch/__init__.py", PLANTED),
    "the line of the weights": without_line(WEIGHTS),
    "the weights and their line": without_line(WEIGHTS, remove(WEIGHTS)),
    "a bit of the weights": change(f"artifacts/package/{WEIGHTS}", flip),
    "half of the weights, sealed": resealed(
        change(f"artifacts/package/{WEIGHTS}", lambda text: text[: len(text) // 2])
    ),
    "other weights, sealed": resealed(other_weights),
    "no weights, sealed": resealed(write(WEIGHTS, b"")),
    "a recipe that is a list": resealed(write(RECIPE, "[]")),
    "a recipe of another shape": resealed(write(RECIPE, '{"name": 1, "model": 2}')),
    "a recipe that has no bottom": resealed(write(RECIPE, DEEP)),
    "a recipe that is not UTF-8": resealed(write(RECIPE, b"\xff\xfe")),
    "sizes of a terabyte": resealed(write(SIZES, TERABYTE)),
    "sizes that are a list": resealed(write(SIZES, "[1]")),
    "sizes below nothing": resealed(write(SIZES, TERABYTE.replace("128", "-1"))),
    "a vocabulary that is none": resealed(write("checkpoint/source.json", "{}")),
    "no manifest": remove("manifest.json"),
    "a manifest that is nothing": write("manifest.json", b""),
    "a manifest that says null": write("manifest.json", "null"),
    "a manifest that is a list": write("manifest.json", "[]"),
    "a manifest of a list": write("manifest.json", '{"files": []}'),
    "a manifest without files": listed(),
    "a manifest of numbers": listed(**{WEIGHTS: 1}),
    "a manifest that has no bottom": write("manifest.json", DEEP),
    "a manifest that is not UTF-8": write("manifest.json", b"\xff"),
    "a name of 5,000 letters": listed(**{"x" * 5000: "0"}),
    "a name that leads out": listed(**{"../../../../etc/passwd": "0"}),
    "a name from the root": listed(**{"/etc/passwd": "0"}),
    "a name with a NUL": listed(**{"a\0b": "0"}),
    "no checkpoint": lambda folder: shutil.rmtree(package(folder) / "checkpoint"),
}
BESIDE_IT: dict[str, Tamper] = {
    "the loader does something else": change("served_model.py", lambda text: PLANTED.encode() + text),
    "the loader and the checker": all_of(
        change("served_model.py", lambda text: PLANTED.encode() + text), resealed(plant(CHECKER))
    ),
    "all that agree": told_so(plant(ANSWERING)),
    "weights that all agree on": told_so(other_weights),
    "another loader": all_of(
        change("MLmodel", lambda text: text.replace(b"mlflow.pyfunc.loaders.code_model", b"evil")),
        change("MLmodel", lambda text: text.replace(b"code: null", b"code: code")),
        lambda folder: (folder / "code").mkdir(),
        lambda folder: (folder / "code" / "evil.py").write_text(PLANTED),
    ),
    "another loader's file": all_of(
        change("MLmodel", lambda text: text.replace(b"served_model.py", b"evil.py")),
        lambda folder: (folder / "evil.py").write_text(PLANTED),
    ),
    "another package": change("MLmodel", lambda text: text.replace(b"artifacts/package", b"artifacts/other")),
    "no MLmodel": lambda folder: (folder / "MLmodel").unlink(),
    "an MLmodel that is no YAML": lambda folder: (folder / "MLmodel").write_text("{" * 1000),
    "no loader": lambda folder: (folder / "served_model.py").unlink(),
    "other requirements": change("requirements.txt", lambda text: text + b"evil==1.0\n"),
    "another environment": change("conda.yaml", lambda text: text.replace(b"pip", b"evil")),
    "a file beside": lambda folder: (folder / "sitecustomize.py").write_text(PLANTED),
    "a file among the artifacts": lambda folder: (folder / "artifacts" / "torch.py").write_text(PLANTED),
    "no package": lambda folder: shutil.rmtree(package(folder)),
    "a file for the package": all_of(
        lambda folder: shutil.rmtree(package(folder)), lambda folder: package(folder).write_text("x")
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def version(home: Path, checkpoint: Path) -> ModelVersion:
    from seqloom.registry.mlflow_tracking import connect

    client = connect(home)
    recipe = recipe_named("tampered")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    return find_version(register_version(client, recipe, run_id, "key", checkpoint, evaluation()).uri, home)


@pytest.fixture(scope="module")
def pristine(version: ModelVersion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(download(version), tmp_path_factory.mktemp("pristine") / "version")


@pytest.fixture
def stored(client: MlflowClient, version: ModelVersion, pristine: Path) -> Iterator[Path]:
    """The version in MLflow's store, which is put right afterwards."""
    assert client
    folder = download(version)
    MARK.unlink(missing_ok=True)
    yield folder
    shutil.rmtree(folder)
    shutil.copytree(pristine, folder)
    MARK.unlink(missing_ok=True)


def test_a_version_that_was_loaded_where_it_is_stays_intact(
    stored: Path, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python keeps bytecode beside what it imports, another release of it under another name."""
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    mlflow.pyfunc.load_model(str(stored))
    assert not [*stored.rglob("*.pyc")]
    assert fetch(version)


@pytest.mark.parametrize("tamper", [*IN_THE_PACKAGE.values(), *BESIDE_IT.values()], ids=[*IN_THE_PACKAGE, *BESIDE_IT])
def test_whatever_was_changed_is_refused_before_it_runs(
    tamper: Tamper, stored: Path, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(stored)
    with pytest.raises(UserError) as caught:
        fetch(version)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    monkeypatch.setenv(VERIFY, "1")
    with pytest.raises(UserError, match="models:/tampered/1 is damaged"):
        mlflow.pyfunc.load_model("models:/tampered/1")
    assert not MARK.exists()


@pytest.mark.parametrize("what", ["a module, sealed", "another loader", "the loader does something else"])
def test_everything_that_reads_a_version_looks_first(
    what: str, stored: Path, version: ModelVersion, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    {**IN_THE_PACKAGE, **BESIDE_IT}[what](stored)
    for use in (
        lambda: find_checkpoint("models:/tampered/1", home),  # generate, chat, batch
        lambda: fetch(version, stored.parent / "copy"),  # export
        lambda: pin_parent(recipe_named("x", training={"start_from": "models:/tampered/1"}), home),
        lambda: verify_version("models:/tampered/1", home),
        lambda: seal_as_it_is("models:/tampered/1", home),
    ):
        with pytest.raises(UserError, match="models:/tampered/1 is damaged"):
            use()
    smoke = _smoke(mlflow.MlflowClient(), "tampered", 1)  # the gate
    assert (smoke.passed, smoke.told[:29]) == (False, "models:/tampered/1 is damaged")
    monkeypatch.setenv(VERIFY, "1")
    with pytest.raises(UserError, match="models:/tampered/1 is damaged"):
        mlflow.pyfunc.load_model(str(version.source))
    assert not MARK.exists()


@pytest.mark.parametrize("tamper", IN_THE_PACKAGE.values(), ids=IN_THE_PACKAGE)
def test_the_package_is_checked_by_its_loader_too(tamper: Tamper, stored: Path) -> None:
    """Without Seqloom: whoever changes the loader as well gets through here, as docs/security.md says."""
    tamper(stored)
    with pytest.raises(MlflowException, match="damaged"):
        mlflow.pyfunc.load_model(str(stored))
    assert not MARK.exists()


@pytest.mark.parametrize("tamper", IN_THE_PACKAGE.values(), ids=IN_THE_PACKAGE)
def test_a_folder_that_nobody_sealed_is_a_model_or_a_sentence(tamper: Tamper, pristine: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pristine, tmp_path / "version")
    tamper(folder)
    try:
        load_generator(package(folder) / "checkpoint").generate(["a dog"])
    except UserError as mistake:
        assert "\n" not in str(mistake)  # noqa: PT017 other weights may well be a model
    assert not MARK.exists()


def test_a_link_is_no_file(stored: Path, version: ModelVersion, tmp_path: Path) -> None:
    """It would be read after it was looked at, and lead elsewhere by then."""
    elsewhere = shutil.move(package(stored) / WEIGHTS, tmp_path / "weights")
    (package(stored) / WEIGHTS).symlink_to(elsewhere)
    with pytest.raises(UserError, match=r"weights\.safetensors is no plain file"):
        fetch(version)
    (package(stored) / WEIGHTS).unlink()
    os.mkfifo(package(stored) / WEIGHTS)
    for to in (None, tmp_path / "to"):
        with pytest.raises(UserError, match="is damaged"):
            fetch(version, to)
    (package(stored) / WEIGHTS).unlink()


def test_what_nobody_changed_passes(
    stored: Path, version: ModelVersion, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch(version) == package(stored)
    assert fetch(version, tmp_path / "a copy").parents[2] == tmp_path
    assert digest_of(stored) == version.tags[DIGEST_TAG]
    found = verify_version("models:/tampered/1", home, tmp_path / "here")
    assert (found.digest, found.folder) == (version.tags[DIGEST_TAG], str(tmp_path / "here"))
    verify(package(tmp_path / "here"))
    with pytest.raises(UserError, match="exists already"):
        verify_version("models:/tampered/1", home, tmp_path / "here")
    monkeypatch.setenv(VERIFY, "1")
    assert mlflow.pyfunc.load_model("models:/tampered/1")
    assert mlflow.pyfunc.load_model(str(version.source))


def test_one_that_was_registered_before_there_were_digests(
    stored: Path,
    client: MlflowClient,
    version: ModelVersion,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client.delete_model_version_tag("tampered", "1", DIGEST_TAG)
    old = find_version("models:/tampered/1", home)
    try:
        assert fetch(old) == package(stored)
        assert "seqloom seal models:/tampered/1 takes it as it is" in caplog.text
        monkeypatch.setenv(VERIFY, "1")
        with pytest.raises(UserError, match="registered before versions had a digest"):
            mlflow.pyfunc.load_model("models:/tampered/1")
    finally:
        sealed = seal_as_it_is("models:/tampered/1", home)
    assert sealed.digest == version.tags[DIGEST_TAG]
    assert mlflow.pyfunc.load_model("models:/tampered/1")


def test_a_version_of_others_is_loaded_as_ever(
    client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VERIFY, "1")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n", encoding="utf-8")
    client.create_registered_model("of-others")
    client.create_model_version("of-others", (tmp_path / "model").as_uri())
    with pytest.raises(ModuleNotFoundError, match="x"):
        mlflow.pyfunc.load_model("models:/of-others/1")


def test_seqloom_stands_before_mlflows_own_repository() -> None:
    """By the entry point in pyproject.toml, in an environment that it was installed in since."""
    import tomllib

    with (Path(__file__).parents[2] / "pyproject.toml").open("rb") as file:
        points = tomllib.load(file)["project"]["entry-points"]["mlflow.artifact_repository"]
    assert points == {"models": "seqloom.registry.verified_models:VerifiedModels"}


@pytest.mark.parametrize("name", ["../../out", "/tmp/out", "a/b", "", ".hidden", "a\n"])
def test_a_name_in_a_checkpoint_leads_nowhere_else(name: str, pristine: Path, tmp_path: Path) -> None:
    """Folders are called by it: of an export, and of what `seqloom batch` writes."""
    folder = shutil.copytree(package(pristine) / "checkpoint", tmp_path / "checkpoint")
    recipe = json.loads((folder / "recipe.json").read_text(encoding="utf-8"))
    (folder / "recipe.json").write_text(json.dumps({**recipe, "name": name}), encoding="utf-8")
    with pytest.raises(UserError, match=r"recipe\.json is no recipe that training wrote"):
        load_generator(folder)


def test_a_seal_finds_what_walks_like_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    seal(tmp_path)
    assert verify(tmp_path, ["a"])
    with pytest.raises(DamagedVersion, match="b is missing"):
        verify(tmp_path, ["b"])
    with suppress(OSError):
        (tmp_path / "c").symlink_to(tmp_path / "a")
    with pytest.raises(DamagedVersion, match="c is no plain file"):
        verify(tmp_path, ["a"])
