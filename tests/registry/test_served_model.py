"""A version as others meet it: by MLflow alone, with its own code, and not after somebody changed a file of it."""

import asyncio
import importlib.metadata
import json
import py_compile
import shutil
import subprocess
import sys
import threading
import venv
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import numpy
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from packaging.requirements import Requirement

from seqloom.decoding.confidence import CONFIDENCE, TextConfidence, read_confidence, write_confidence
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.seal import seal, seal_of
from seqloom.registry.version_package import needed_modules, requirements
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named

TEXTS = ["a small dog", "", "dog dog dog"]
GENERATOR = "code/seqloom/decoding/generator.py"


@pytest.fixture(scope="module")
def stored(home: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that MLflow hands out for a registered version."""
    client = connect(home)
    recipe = recipe_named("served")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    version = register_version(client, recipe, run_id, "key", checkpoint, evaluation())
    return Path(mlflow.artifacts.download_artifacts(version.uri, dst_path=str(tmp_path_factory.mktemp("served ü"))))


@pytest.fixture
def copied(stored: Path, tmp_path: Path) -> Path:
    return shutil.copytree(stored, tmp_path / "copied")


def package(folder: Path) -> Path:
    return folder / "artifacts" / "package"


def ask(folder: Path, texts: list[Any] = TEXTS, **params: Any) -> pd.DataFrame:
    answers = mlflow.pyfunc.load_model(str(folder)).predict(pd.DataFrame({"source": texts}), params=params)
    assert isinstance(answers, pd.DataFrame)
    return answers


def test_it_answers_by_its_registered_name(client: MlflowClient, stored: Path, checkpoint: Path) -> None:
    assert stored
    client.set_registered_model_alias("served", "champion", "1")
    model = mlflow.pyfunc.load_model("models:/served@champion")
    answers = model.predict(pd.DataFrame({"source": TEXTS}, index=[7, 8, 9]))
    assert answers.columns.tolist() == ["prediction", "truncated"]
    assert answers["prediction"].tolist() == Generator.load(checkpoint).generate(TEXTS)
    assert answers.index.tolist() == [7, 8, 9]
    assert model.input_example["source"].tolist() == ["a small dog"]


def test_its_signature_tells_how_to_call_it(stored: Path) -> None:
    metadata = mlflow.pyfunc.load_model(str(stored)).metadata
    assert metadata.signature.inputs.input_names() == ["source"]
    assert metadata.signature.outputs.input_names() == ["prediction", "truncated"]
    defaults = {param.name: param.default for param in metadata.get_params_schema().params}
    assert defaults == {
        "n_best": 1,
        "return_scores": False,
        "return_attention": False,
        "first_row": 0,
        "use_memory": True,
        **recipe_named("served").decoding.model_dump(),
    }


def test_params_decide_how_it_answers(stored: Path, checkpoint: Path) -> None:
    decoding = recipe_named("served").decoding.model_copy(update={"beam_size": 3, "max_length": 2})
    found = Generator.load(checkpoint).answer(TEXTS, decoding)
    answers = ask(stored, beam_size=3, max_length=2, n_best=2, return_scores=True, return_attention=True)
    assert answers["predictions"].tolist() == [[each.text for each in best[:2]] for best in found]
    assert answers["score"].tolist() == pytest.approx([best[0].score for best in found])
    assert [len(weights) for weights in answers["attention"]] == [
        len(best[0].tokens) + 1 if text else 0 for text, best in zip(TEXTS, found, strict=True)
    ]


def test_rows_that_are_no_plain_text(stored: Path) -> None:
    expected = ask(stored, ["", "", "12", "a small dog"])["prediction"].tolist()
    assert ask(stored, [None, float("nan"), 12, "a small dog"])["prediction"].tolist() == expected
    assert ask(stored, [None, None])["prediction"].tolist() == ["", ""]
    nothing = pd.DataFrame({"source": pd.Series([], dtype="str")})
    assert mlflow.pyfunc.load_model(str(stored)).predict(nothing)["prediction"].tolist() == []


@pytest.mark.parametrize(
    ("texts", "params", "sentence"),
    [
        (["a", ["b"]], {}, "source: row 1 is a list, not a text: write it as a string"),
        (["a"], {"beam_size": 0}, "params: beam_size: input should be greater than or equal to 1"),
        (["a"], {"n_best": 9}, "n_best is 9 and beam_size 5"),
        (["a"], {"beam_size": "wide"}, "beam_size"),
        ([1, 2], {}, "Incompatible input types for column source"),
    ],
)
def test_a_mistake_is_a_sentence(stored: Path, texts: list[Any], params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MlflowException) as caught:
        ask(stored, texts, **params)
    assert sentence in str(caught.value)
    assert caught.value.get_http_status_code() == 400


def test_it_needs_its_requirements_and_nothing_of_ours(stored: Path, tmp_path: Path, checkpoint: Path) -> None:
    """In a venv that has what requirements.txt brings, and fails on the import of anything else, Seqloom too."""
    index, *required = (stored / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert index == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert not [line for line in required if line.startswith("seqloom") or "+" in line]  # PyPI has no torch==…+cpu
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    [places] = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (places / "shared.pth").write_text(str(Path(numpy.__file__).parents[1]))
    allowed = sorted({name for line in required for name in brought_by(line, set())})
    done = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "python"), "-I", "-W", "ignore", "-c", ASK_IN_VENV, str(stored)],
        input=json.dumps([allowed, TEXTS]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == Generator.load(checkpoint).generate(TEXTS)


def test_a_missing_library_is_told_with_the_line_that_installs_it(
    stored: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    importing, version = importlib.import_module, importlib.metadata.version

    def without(name: str, package: str | None = None) -> ModuleType:
        if name.endswith(".decoding.predictor"):
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return importing(name, package)

    def none_of(distribution: str) -> str:
        if distribution in ("torch", "tokenizers"):
            raise PackageNotFoundError(distribution)
        return version(distribution)

    monkeypatch.setattr(importlib, "import_module", without)
    monkeypatch.setattr(importlib.metadata, "version", none_of)
    with pytest.raises(MlflowException) as caught:
        mlflow.pyfunc.load_model(str(stored))
    [tokenizers, torch] = (f"{name}=={version(name).partition('+')[0]}" for name in ("tokenizers", "torch"))
    sentence = (
        f"this model needs tokenizers, torch, not installed in {sys.prefix}: pip install {tokenizers} {torch} "
        "--extra-index-url https://download.pytorch.org/whl/cpu"
    )
    assert str(caught.value) == sentence
    assert caught.value.__suppress_context__
    assert caplog.messages == [sentence], "before the traceback"


@pytest.mark.parametrize(("backend", "brings"), [("torch", False), ("torch-int8", False), ("ctranslate2-int8", True)])
def test_the_engine_of_its_backend_is_required(backend: str, brings: bool) -> None:
    pytest.importorskip("ctranslate2")
    transformer = {"encoder": "transformer", "decoder": "transformer", "encoder_width": 8, "decoder_width": 8}
    required = requirements(recipe_named("served", model=transformer, registry={"backend": backend}))
    assert any(line.startswith("ctranslate2==") for line in required) == brings


ASK_IN_VENV = """
import importlib.metadata, json, re, sys
allowed, texts = json.load(sys.stdin)
owners = importlib.metadata.packages_distributions()
plain = lambda name: re.sub("[-_.]+", "-", name).lower()
class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in owners and not {plain(owner) for owner in owners[top]} & set(allowed):
            raise ModuleNotFoundError(f"{name} is not in requirements.txt", name=name)
sys.meta_path.insert(0, Guard())
try:
    import seqloom
except ModuleNotFoundError:
    pass
else:
    sys.exit("seqloom is installed here")
import mlflow, pandas
answers = mlflow.pyfunc.load_model(sys.argv[1]).predict(pandas.DataFrame({"source": texts}))
print(json.dumps(answers["prediction"].tolist()))
"""


def brought_by(line: str, found: set[str]) -> set[str]:
    """The distributions that installing a requirement brings, without those of extras."""
    wanted = Requirement(line)
    name = wanted.name.replace("_", "-").replace(".", "-").lower()
    if name in found:
        return found
    found.add(name)
    try:
        needs = distribution(wanted.name).requires or []
    except PackageNotFoundError:
        return found
    for need in needs:
        if Requirement(need).marker is None or Requirement(need).marker.evaluate({"extra": ""}):
            brought_by(need, found)
    return found


def test_every_module_it_needs_is_packed_and_no_other(stored: Path) -> None:
    code = package(stored) / "code" / "seqloom"
    packed = {file.relative_to(code).as_posix() for file in code.rglob("*") if file.is_file()}
    library = Path(needed_modules()[0]).parents[0]
    assert packed == {file.relative_to(library).as_posix() for file in needed_modules()}
    assert {"decoding/predictor.py", "models/model_factory.py", "vocabulary/vocabulary.py", "__init__.py"} <= packed
    assert not {name.partition("/")[0] for name in packed} & {"training", "evaluation", "vectors"}


def change(folder: Path, old: str, new: str) -> Path:
    """The same version made by other code, sealed as it is, and MLmodel told of it."""
    file = package(folder) / GENERATOR
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    told = folder / "MLmodel"
    before, after = seal_of(package(folder)), seal(package(folder))
    told.write_text(told.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    return folder


def test_a_version_answers_by_its_own_recipe(client: MlflowClient, home: Path, checkpoint: Path) -> None:
    """Other decoding trains nothing anew: the checkpoint still tells that of the recipe it was trained for."""
    recipe = recipe_named("hasty", decoding={"beam_size": 1, "max_length": 1})
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    uri = register_version(client, recipe, run_id, "key", checkpoint, evaluation()).uri
    generator = load_generator(find_checkpoint(uri, home))
    assert vars(generator.decoding) == recipe.decoding.model_dump() != vars(Generator.load(checkpoint).decoding)
    asked = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame({"source": TEXTS}))["prediction"].tolist()
    assert asked == generator.generate(TEXTS)


def test_a_version_brings_its_confidence_along(
    client: MlflowClient, home: Path, checkpoint: Path, tmp_path: Path
) -> None:
    recipe, confidence = recipe_named("sure"), TextConfidence(1.0, 0.5, 0.0)
    write_confidence(confidence, tmp_path)
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    uri = register_version(client, recipe, run_id, "key", checkpoint, evaluation(tmp_path)).uri
    folder = find_checkpoint(uri, home)
    assert read_confidence(folder) == confidence
    model = mlflow.pyfunc.load_model(uri)
    assert CONFIDENCE in [column.name for column in model.metadata.get_output_schema()]
    generator = load_generator(folder)
    sure = [found[0].confidence for found in generator.answer(TEXTS, generator.decoding)]
    assert model.predict(pd.DataFrame({"source": TEXTS}))[CONFIDENCE].tolist() == sure


def test_versions_with_different_code_live_in_one_process(stored: Path, copied: Path, checkpoint: Path) -> None:
    change(copied, "Answer(self.target.normalize(text), ", 'Answer(f"<{self.target.normalize(text)}>", ')
    plain, marked = (mlflow.pyfunc.load_model(str(folder)) for folder in (stored, copied))
    expected = Generator.load(checkpoint).generate(["a small dog"])
    for model, answer in ((plain, expected[0]), (marked, f"<{expected[0]}>"), (plain, expected[0])):
        assert model.predict(pd.DataFrame({"source": ["a small dog"]}))["prediction"].tolist() == [answer]
    ours = sys.modules["seqloom.decoding.generator"]
    theirs = [name for name in sys.modules if name.endswith(".decoding.generator") and name.startswith("seqloom_")]
    assert ours.Generator is Generator
    assert len({sys.modules[name].Generator for name in theirs} | {Generator}) == len(theirs) + 1 >= 3


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda p: flip(p / "checkpoint" / "weights.safetensors"), "checkpoint/weights.safetensors is not the file"),
        (lambda p: flip(p / "checkpoint" / "recipe.json"), "checkpoint/recipe.json is not the file"),
        (lambda p: (p / "checkpoint" / "source.json").unlink(), "checkpoint/source.json is missing"),
        (lambda p: flip(p / GENERATOR), f"{GENERATOR} is not the file"),
        (lambda p: flip(p / "manifest.json"), "manifest.json is not the file"),
        (lambda p: (p / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda p: (p / "code" / "seqloom" / "registry" / "seal.py").unlink(), "seal.py is missing"),
    ],
)
def test_a_changed_file_is_refused(copied: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    spoil(package(copied))
    with pytest.raises(MlflowException, match=sentence):
        ask(copied)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x80
    file.write_bytes(content)


def test_bytecode_that_lies_about_is_not_run(copied: Path, checkpoint: Path, tmp_path: Path) -> None:
    """Python would take it for that of the module, and no digest knows it."""
    module = package(copied) / "code" / "seqloom" / "mistake.py"
    evil = tmp_path / "mistake.py"
    evil.write_text("raise SystemExit('evil')\n")
    planted = module.parent / "__pycache__" / f"mistake.{sys.implementation.cache_tag}.pyc"
    planted.parent.mkdir()
    py_compile.compile(
        str(evil), cfile=str(planted), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    change(copied, "class Generator(", "class Generator(  # imported anew\n    ")
    assert ask(copied)["prediction"].tolist() == Generator.load(checkpoint).generate(TEXTS)


def test_a_module_that_was_added_is_not_found(copied: Path) -> None:
    """No line of the manifest speaks of it."""
    change(copied, "class Generator(", "import seqloom.added\n\n\nclass Generator(")
    (package(copied) / "code" / "seqloom" / "added.py").write_text("raise SystemExit('evil')\n")
    with pytest.raises(MlflowException, match=r"code/seqloom/added\.py is not of this version"):
        ask(copied)


def test_as_many_requests_wait_for_a_batch_as_one_may_have_rows() -> None:
    """The loop of MLflow's server has cores + 4 threads: so many requests would wait for each other for ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of MLflow, on type hints that the signature makes needless
        from seqloom.registry.served_model import REQUESTS_AT_ONCE, widen_default_executors
    at_once = threading.Barrier(REQUESTS_AT_ONCE)

    async def served() -> None:
        await asyncio.to_thread(widen_default_executors)
        await asyncio.gather(*(asyncio.to_thread(at_once.wait, 20) for _ in range(REQUESTS_AT_ONCE)))

    asyncio.run(served())
