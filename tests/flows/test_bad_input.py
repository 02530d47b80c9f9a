"""A user's mistake: one sentence, exit code 2, nothing half-written."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import flows  # noqa: F401, which installs the filters of the runs' logs
from seqloom.cli import main

Refused = Callable[[list[str], list[str]], None]


def lines(count: int) -> str:
    return "".join(f"word {n}\twort {n}\n" for n in range(count))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    (tmp_path / "recipe.yaml").write_text("name: x\ncorpus: {train: [t.tsv]}\n")
    (tmp_path / "t.tsv").write_text("source\ttarget\n" + lines(200))
    (tmp_path / "empty.tsv").write_text("")
    (tmp_path / "three").write_text("a\nb\nc\n")
    (tmp_path / "two").write_text("a\nb\n")
    (tmp_path / "bytes.tsv").write_bytes(b"source\ttarget\nfine\tgut\nna\xefve\tnaiv\n")
    (tmp_path / "half.jsonl").write_text('{"\\ud800": "a", "target": "b"}\n')
    (tmp_path / "small.tsv").write_text("source\ttarget\n" + lines(3))
    (tmp_path / "narrow.vec").write_text("1 3\nword 0.1 0.2 0.3\n")
    return tmp_path


@pytest.fixture
def refused(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Run the command line; expect one sentence with these parts, exit code 2, and no file left behind."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    def run(arguments: list[str], parts: list[str]) -> None:
        monkeypatch.setattr("sys.argv", ["seqloom", *arguments])
        with pytest.raises(SystemExit) as stop:
            main.main()
        error = capfd.readouterr().err
        assert stop.value.code == 2
        assert error.startswith("seqloom: ")
        assert error.count("\n") == 1
        assert all(part in error for part in parts), error
        assert not [path for path in (folder / "home").rglob("*") if path.is_file() and path.suffix != ".lock"]

    return run


@pytest.mark.parametrize("command", ["train", "check"])
@pytest.mark.parametrize(
    ("override", "parts"),
    [
        pytest.param("corpus.train=[gone.tsv]", ["gone.tsv: no such file", "corpus.train"], id="missing file"),
        pytest.param("trainig.epochs=3", ["trainig", "did you mean training?"], id="unknown section"),
        pytest.param("training.epoch=3", ["training.epoch", "did you mean training.epochs?"], id="unknown key"),
        pytest.param("training.learning_rate=50", ["training.learning_rate", "or equal to 10"], id="out of range"),
        pytest.param("corpus.train=[empty.tsv]", ["empty.tsv", "empty"], id="empty file"),
        pytest.param("training.device=cuda", ["training.device is cuda", "auto or cpu"], id="no GPU"),
        pytest.param("vectors={method: pretrained, source_file: no.vec}", ["no.vec: no such file"], id="no vectors"),
        pytest.param("training", ["section.field=value"], id="not an override"),
        pytest.param("registry.description=2020-13-45", ["2020-13-45 is read as a date"], id="a date of month 13"),
        pytest.param(f"training.start_encoder_from={'x' * 500}", ["File name too long"], id="a name of 500 letters"),
    ],
)
def test_before_anything_runs(refused: Refused, command: str, override: str, parts: list[str]) -> None:
    refused([command, "recipe.yaml", "-o", override], parts)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        pytest.param("corpus.train=[three, two]", ["three", "3", "two", "2"], id="lengths differ"),
        pytest.param("corpus.train=[bytes.tsv]", ["bytes.tsv", "line 3", "UTF-8"], id="not UTF-8"),
        pytest.param(
            "corpus.train=[half.jsonl]", [r"half.jsonl line 1: no key 'source' (its keys: \ud800"], id="a half"
        ),
        pytest.param("corpus.source_column=english", ["english", "source, target"], id="missing column"),
        pytest.param("corpus.train=[small.tsv]", ["corpus.validation_share", "more text"], id="too small to split"),
    ],
)
def test_found_in_the_files(refused: Refused, override: str, parts: list[str]) -> None:
    refused(["check", "recipe.yaml", "-o", override], parts)


def test_the_log_of_a_run_holds_what_a_server_takes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect sends lines in bundles: one that cannot be encoded would take the others along."""
    monkeypatch.setattr(logging.getLogger("prefect.task_runs"), "handlers", [])  # which want a run, if Prefect is there
    with caplog.at_level(logging.INFO, "prefect.task_runs"):
        logging.getLogger("prefect.task_runs").info("no key %s", "\ud800")
        try:
            raise ValueError("\ud800")
        except ValueError:
            logging.getLogger("prefect.task_runs").exception("Finished in state \ud800")
    assert [record.getMessage() for record in caplog.records] == [r"no key \ud800", r"Finished in state \ud800"]
    logging.Formatter().format(caplog.records[1]).encode()
