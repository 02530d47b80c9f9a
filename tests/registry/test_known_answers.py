"""Memory and rules of a version: the same answers by every way it is asked, and the model's own to all else."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from starlette.testclient import TestClient
from typer.testing import CliRunner

from seqloom.artifact.cache_key import REGISTRY
from seqloom.batch_inference import generation_worker, generation_workers
from seqloom.batch_inference.generation_workers import GenerationWorkers
from seqloom.batch_inference.input_table import open_input
from seqloom.batch_inference.sharded_generation import BatchInference, run_batch_inference
from seqloom.cli.generate_commands import decoding_of
from seqloom.cli.main import app
from seqloom.corpus.worker_processes import WorkerTask
from seqloom.decoding import int8_quantization
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.known_answers import KNOWN_ANSWERS_FILE, KnownAnswers
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.registry import card_text, known_answer_files, model_card, version_reports
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.known_answer_files import recipe_answers
from seqloom.registry.latency_benchmark import load_version
from seqloom.registry.lineage import KNOWN_ANSWERS
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.model_uri import find_version
from seqloom.registry.preflight import check_resources
from seqloom.registry.versions import register_version
from seqloom.serving.followed_model import FollowedModel
from seqloom.serving.model_server import ServerAddress, build_app
from seqloom.serving.request_metrics import RequestMetrics
from tests.registry.tiny import corpus, evaluation, recipe_named

MEMORY = "a small dog\tein kleiner Hund\nein Café\tla café\n"
RULES = "# tickets\nticket ([0-9]+)(?: is)? closed\tVorgang \\1 geschlossen\n(?i)dog\tHund\n"
KNOWN = {
    "a small dog": "ein kleiner Hund",
    " a  small dog": "ein kleiner Hund",
    "ein Cafe\u0301": "la café",
    "ticket 42 closed": "Vorgang 42 geschlossen",
    "DOG": "Hund",
}
OTHERS = ["dog dog", "a dog", "ticket x closed", "", "small"]
TEXTS = [*KNOWN, *OTHERS]


@pytest.fixture(scope="module")
def uri(home: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("files")
    (folder / "memory.tsv").write_text(MEMORY, encoding="utf-8")
    (folder / "rules.txt").write_text(RULES, encoding="utf-8")
    client = connect(home)
    recipe = recipe_named("knowing", serving=files_in(folder))
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    made = register_version(client, recipe, run_id, "key", checkpoint, evaluation())
    for file in folder.iterdir():
        file.unlink()  # the version has its own copy
    return made.uri


def files_in(folder: Path) -> dict[str, str]:
    return {"memory_file": str(folder / "memory.tsv"), "rules_file": str(folder / "rules.txt")}


@pytest.fixture(scope="module")
def own(checkpoint: Path) -> dict[str, str]:
    """What the model answers without memory and rules."""
    return dict(zip(TEXTS, load_generator(checkpoint).generate(TEXTS), strict=True))


@pytest.fixture
def http(uri: str, home: Path) -> Iterator[TestClient]:
    followed = FollowedModel(uri, home, "torch", lambda *_: None)
    with TestClient(build_app(followed, RequestMetrics(), ServerAddress()), base_url="http://127.0.0.1:5001") as asking:
        yield asking


def rows_of(answer: Any) -> list[tuple[str, bool]]:
    return [(row["prediction"], row["from_memory"]) for row in answer.json()["predictions"]]


def test_every_way_to_ask_gives_the_same_whatever_stands_beside_it(
    uri: str, own: dict[str, str], http: TestClient, home: Path
) -> None:
    expected = {text: (KNOWN.get(text, own[text]), text in KNOWN) for text in TEXTS}
    model, generator = mlflow.pyfunc.load_model(uri), load_generator(find_checkpoint(uri, home))

    @settings(deadline=None, max_examples=8)
    @given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6))
    def ask(texts: Sequence[str]) -> None:
        wanted = [expected[text] for text in texts]
        table = model.predict(pd.DataFrame({"source": texts}))
        assert list(zip(table["prediction"], table["from_memory"], strict=True)) == wanted
        columns = generator.reply(texts, generator.decoding)
        assert list(zip(columns["prediction"], columns["from_memory"], strict=True)) == wanted
        for params in ({}, {"params": {"beam_size": generator.decoding.beam_size}}):  # with pandas and without
            records = [{"source": text} for text in texts]
            assert rows_of(http.post("/invocations", json={"dataframe_records": records, **params})) == wanted

    ask()


def test_the_command_line_answers_alike(
    uri: str, own: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(home))
    done = CliRunner().invoke(app, ["generate", uri, *TEXTS, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["outputs"] == [KNOWN.get(text, own[text]) for text in TEXTS]


def test_the_model_alone_is_what_is_measured(uri: str, own: dict[str, str]) -> None:
    model, ask = load_version(uri, recipe_named("knowing").decoding, None)
    assert ask(TEXTS)["prediction"].tolist() == list(own.values())
    alone = model.predict(pd.DataFrame({"source": TEXTS}), params={"use_memory": False})
    assert alone["prediction"].tolist() == list(own.values())
    assert not any(alone["from_memory"])


def test_an_export_has_them_too_and_the_seal_covers_them(
    uri: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8_quantization, "MIN_NUMBERS", 1)
    folder = find_checkpoint(uri, home)
    export(folder, tmp_path / "int8", "torch-int8")
    assert load_generator(tmp_path / "int8").generate(list(KNOWN)) == list(KNOWN.values())
    sealed = json.loads((folder.parent / "manifest.json").read_text(encoding="utf-8"))["files"]
    assert f"checkpoint/{KNOWN_ANSWERS_FILE}" in sealed


def test_the_card_and_the_signature_say_so(uri: str, client: MlflowClient) -> None:
    output = mlflow.pyfunc.load_model(uri).metadata.get_output_schema()
    assert "from_memory" in [column.name for column in output]
    lineage = model_card._known_answers(client.get_model_version("knowing", "1"))
    assert lineage[KNOWN_ANSWERS].startswith("2 pairs and 2 rules, sha256 ")
    [line] = card_text._answered_first(lineage)
    assert line.startswith("- 2 pairs and 2 rules are answered word for word, before the model is asked")
    assert list(card_text._answered_first({})) == []


def test_the_report_is_told(uri: str, client: MlflowClient, home: Path, tmp_path: Path) -> None:
    made = version_reports._known(client, find_version(uri, home), tmp_path)
    assert made.known_answers.startswith("2 pairs and 2 rules, sha256 ")
    assert made.title == "knowing, version 1"


def test_processes_of_a_batch_answer_from_it(
    uri: str, own: dict[str, str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def answers(module: str, tasks: Iterable[WorkerTask], *_: int) -> Iterator[Iterator[str]]:
        assert module == generation_worker.__name__
        yield (generation_worker.answer(task.text) for task in tasks)

    monkeypatch.setattr(generation_workers, "process_answers", answers)
    generation_worker._generator.cache_clear()
    asked = [text for text in TEXTS if text]
    (file := tmp_path / "texts.txt").write_text("\n".join(asked), encoding="utf-8")
    checkpoint = find_checkpoint(uri, home)
    batch = BatchInference(uri, checkpoint, open_input(file, "auto", "source"), 4, 100)
    generator, workers = load_generator(checkpoint), GenerationWorkers(2, device="cpu")
    report = run_batch_inference(batch, generator, tmp_path / "out", unwatched, workers=workers)
    generation_worker._generator.cache_clear()
    table = pd.read_parquet(report.folder)
    assert table["prediction"].tolist() == [KNOWN.get(text, own[text]) for text in asked]
    assert table["from_memory"].tolist() == [text in KNOWN for text in asked]
    monkeypatch.setenv("SEQLOOM_HOME", str(home))
    (tmp_path / "more.tsv").write_text("a\tb\n", encoding="utf-8")
    more = ["--to", str(tmp_path / "out"), "--memory", str(tmp_path / "more.tsv"), "--processes", "2"]
    refused = CliRunner().invoke(app, ["batch", uri, str(file), *more])
    assert isinstance(refused.exception, UserError)
    assert "--memory and --rules are for one process" in str(refused.exception)


def test_the_model_may_be_asked_alone(
    uri: str, own: dict[str, str], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(home))
    answered = {}
    for option in ("--use-memory", "--no-memory"):
        result = CliRunner().invoke(app, ["generate", uri, "a small dog", option, "--json"])
        answered[option] = json.loads(result.stdout)
    assert "ein kleiner Hund" in json.dumps(answered["--use-memory"])
    assert json.dumps(own["a small dog"]) in json.dumps(answered["--no-memory"])
    assert answered["--use-memory"] != answered["--no-memory"]
    refused = CliRunner().invoke(app, ["generate", uri, "a", "--no-memory", "--rules", str(tmp_path / "r")])
    assert isinstance(refused.exception, UserError)
    assert "--no-memory asks the model alone" in str(refused.exception)


def test_a_server_may_be_given_others(uri: str, own: dict[str, str], home: Path, tmp_path: Path) -> None:
    (tmp_path / "more.tsv").write_text("dog dog\tzwei Hunde\n", encoding="utf-8")
    followed = FollowedModel(uri, home, "torch", lambda *_: None, memory=tmp_path / "more.tsv")
    answers = followed.predict(pd.DataFrame({"source": ["dog dog", "a small dog", "DOG"]}))
    assert answers["prediction"].tolist() == ["zwei Hunde", own["a small dog"], "Hund"]
    with pytest.raises(UserError, match=r"gone.tsv: no such file .*correct --memory"):
        FollowedModel(uri, home, "torch", lambda *_: None, memory=tmp_path / "gone.tsv")


def test_other_answers_are_another_version(tmp_path: Path) -> None:
    recipe = recipe_named("m", serving=files_in(tmp_path))
    keys = set()
    for content in ("a\tb\n", "a\tc\n"):
        (tmp_path / "memory.tsv").write_text(content, encoding="utf-8")
        keys.add(REGISTRY.key(recipe, ["training", "evaluation"]))
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "rules.txt",
            "# fine\nno tab\n",
            r"rules.txt line 2: write a regular expression, a tab and the answer; .*serving",
        ),
        ("rules.txt", "(a\tb\n", r"rules.txt line 1: RE2 does not take this rule"),
        ("rules.txt", "a)(b\tc\n", r"rules.txt line 1: RE2 does not take this rule"),
        ("rules.txt", "(a)\t\\2\n", r"rules.txt line 1: RE2 does not take this rule"),
        ("rules.txt", b"\xff\tb\n", r"rules.txt: is not UTF-8"),
        ("rules.txt", "a\tb\tc\n", r"rules.txt line 1: has several tabs"),
        ("rules.txt", "# none\n", r"rules.txt: holds no rule"),
        ("memory.tsv", "a\tb\nonly one\n", r"memory.tsv, line 2: .*serving.memory_file"),
        ("memory.tsv", "a\tb\n" * 9, r"memory.tsv: has 36 bytes, 30 at most"),
    ],
)
def test_a_broken_file_is_found_when_the_recipe_is_checked(
    name: str, content: str | bytes, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_answer_files, "MOST_BYTES", 30)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    field = "rules_file" if name == "rules.txt" else "memory_file"
    recipe = recipe_named("m", serving={field: str(tmp_path / name)})
    with pytest.raises(UserError, match=sentence):
        check_resources(recipe)


def test_what_is_missing_or_of_another_task_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone.tsv: no such file .*serving.memory_file"):
        recipe_answers(recipe_named("m", serving={"memory_file": str(tmp_path / "gone.tsv")}))
    labels: Any = SimpleNamespace(task="sentiment", serving=recipe_named("m", serving={"rules_file": "x"}).serving)
    with pytest.raises(UserError, match=r"serving.rules_file is for models that write a text for a text"):
        recipe_answers(labels)


def memory_of(file: Path, content: str, **corpus: Any) -> list[tuple[str, str]]:
    file.write_bytes(gzip.compress(content.encode()) if file.suffix == ".gz" else content.encode())
    recipe = recipe_named("m", serving={"memory_file": str(file)}, corpus={"train": ["pairs.tsv"], **corpus})
    found = recipe_answers(recipe)
    assert found
    return found.memory.pairs


NAMED, NUMBERED = {"source_column": "en", "target_column": "de"}, {"source_column": "2", "target_column": "1"}


@pytest.mark.parametrize(
    ("name", "content", "corpus"),
    [
        ("m.tsv", "a\tb\n", NAMED),
        ("m.TAB", "a\tb\n", NAMED),
        ("m.tsv.gz", "a\tb\n", NAMED),
        ("m.tsv", "de\ten\r\nb\ta\r\n", NAMED),
        ("m.tsv", "target\tsource\nb\ta\n", NAMED),
        ("m.tsv", "b\ta\n", {"header": False, **NUMBERED}),
        ("m.tsv", "source\ttarget\na\tb\n", {"header": False, **NUMBERED}),
    ],
)
def test_the_columns_of_a_memory(name: str, content: str, corpus: dict[str, Any], tmp_path: Path) -> None:
    assert memory_of(tmp_path / name, content, **corpus) == [("a", "b")]


def test_pairs_stand_word_for_word_but_for_those_to_be_forgotten(tmp_path: Path) -> None:
    (tmp_path / "forgotten.txt").write_text("call ann\n", encoding="utf-8")
    changed = {"normalizers": ["lowercase", "quotes", "html_tags"], "exclude": str(tmp_path / "forgotten.txt")}
    pairs = [("Hello “World” <b>x</b>", "Hallo „Welt“"), ("Call Ann!", "Ann anrufen")]
    content = "".join(f"{source}\t{target}\n" for source, target in pairs)
    assert memory_of(tmp_path / "m.tsv", content, **changed) == pairs[:1]
    recipe, keys = recipe_named("m", serving=files_in(tmp_path), corpus={"train": ["x.tsv"], **changed}), set()
    for listed in ("a", "b"):
        (tmp_path / "forgotten.txt").write_text(listed, encoding="utf-8")
        keys.add(REGISTRY.key(recipe, ["training", "evaluation"]))
    assert len(keys) == 2


def test_what_is_unpacked_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_answer_files, "MOST_BYTES", 999)
    content = "a\tb\n" * 2000
    assert len(gzip.compress(content.encode())) < 999
    with pytest.raises(UserError, match=r"m.tsv.gz: holds more than 999 characters: .*serving.memory_file"):
        memory_of(tmp_path / "m.tsv.gz", content)


def test_rules_are_compared_as_texts_are(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("cafe\u0301  no\\. ([0-9])\ttable \\1\n", encoding="utf-8")
    known = recipe_answers(recipe_named("m", serving={"rules_file": str(tmp_path / "r.txt")}))
    assert known
    assert known.targets(["caf\u00e9 no. 5", " cafe\u0301  no. 6"]) == ["table 5", "table 6"]


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / KNOWN_ANSWERS_FILE).write_text("[]", encoding="utf-8")
    with pytest.raises(UserError, match="is damaged"):
        KnownAnswers.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "m.csv",
            "a,b\n1,2\n",
            r"no column 'en' among a, b; a memory has the corpus's columns, en and de: name its so$",
        ),
        ("m.bin", "a\tb\n", r"give the file an ending that does, such as \.tsv or \.tmx$"),
        ("m.tsv", "\n\n", r"m\.tsv: no row has a source and a target$"),
    ],
)
def test_the_remedies_are_those_of_a_memory(name: str, content: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        memory_of(tmp_path / name, content, **NAMED)


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("choices", "\n \n", r"f\.txt: has no answer; write one on a line, or correct --choices"),
        ("glossary", "# nothing\n", r"f\.txt: has no term; write one on a line, or correct --glossary"),
    ],
)
def test_a_list_without_an_entry_is_no_list(option: str, content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text(content, encoding="utf-8")
    generator: Any = SimpleNamespace(decoding=recipe_named("m").decoding)
    with pytest.raises(UserError, match=sentence):
        decoding_of(generator, None, **{option: tmp_path / "f.txt"})
