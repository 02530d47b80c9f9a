"""`seqloom check`, and what is refused before any work: nothing is written, not even a home."""

import json
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from seqloom.artifact.cache_key import STAGES
from seqloom.artifact.digest import digest_of_file
from seqloom.cli import main
from tests.flows.conftest import RECIPE

Seqloom = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "phrases.tsv").write_bytes((workplace / "phrases.tsv").read_bytes())
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEQLOOM_HOME", raising=False)
    return tmp_path


def variables() -> dict[str, str]:
    """Of the environment, but for the one that torch sets where an optimizer makes its first step."""
    return {name: value for name, value in os.environ.items() if name != "TORCHINDUCTOR_CACHE_DIR"}


@pytest.fixture
def seqloom_here(folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Seqloom:
    def run(*arguments: str) -> tuple[int, str, str]:
        assert Path.cwd() == folder
        monkeypatch.setattr("sys.argv", ["seqloom", *arguments])
        environment = variables()
        with pytest.raises(SystemExit) as stop:
            main.main()
        assert variables() == environment
        assert isinstance(stop.value.code, int)
        return (stop.value.code, *capfd.readouterr())

    return run


@pytest.fixture
def site(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_good_recipe_is_resolved_planned_and_not_run(seqloom_here: Seqloom, folder: Path) -> None:
    code, out, err = seqloom_here("check", "recipe.yaml", "-o", "training.epochs=7", "--json")
    assert code == 0
    told = json.loads(out)
    assert told["plan"] == {stage.name: "will run" for stage in STAGES}
    assert told["recipe"]["training"]["epochs"] == 7
    assert told["recipe"]["training"]["optimizer"] == "adamw"
    assert told["corpus"]["rows"].keys() == {"train", "validation", "test"}
    assert (told["corpus"]["read"], told["corpus"]["rejected"]) == (600, {})
    assert told["vocabulary"]["unknown"].keys() == {"source", "target"}
    shown = err.partition("Recipe phrases")[2].partition("Every other field")[0].splitlines()
    named = {field for field, *_ in filter(None, map(str.split, shown))}
    assert named == {
        *("task", "corpus.train", "corpus.source_language", "corpus.target_language", "vocabulary.kind"),
        *("vocabulary.size", "vectors.width", "vectors.epochs", "model.encoder", "model.decoder", "model.attention"),
        *("model.encoder_width", "model.decoder_width", "model.dropout", "training.epochs", "training.batch_tokens"),
        *("training.learning_rate", "decoding.beam_size", "decoding.max_length", "registry.beat_baselines"),
    }
    assert not (folder / ".seqloom").exists()


def test_people_read_the_same_on_stdout(seqloom_here: Seqloom, folder: Path) -> None:
    rows = (folder / "phrases.tsv").read_bytes().splitlines(keepends=True)
    rows[3:3] = [b"one\ttwo\tthree\n", b"\tempty\n", b"na\xefve\tnaiv\n", rows[1]]
    (folder / "phrases.tsv").write_bytes(b"".join(rows))
    code, out, err = seqloom_here("check", "recipe.yaml")
    assert (code, err) == (0, "")
    assert all(stage.name in out for stage in STAGES)
    assert "Rows: 604 read, 4 rejected" in out
    assert "Rejected: 4" in out
    for reason, place in (
        ("other number of fields", "phrases.tsv line 4: has 3 fields where line 1 has 2"),
        ("empty source", "phrases.tsv line 5"),
        ("undecodable bytes", "phrases.tsv line 6: byte 0xef is not UTF-8"),
        ("duplicate", "phrases.tsv line 7"),
    ):
        assert re.search(rf"{reason} +1 +0.2% +{re.escape(place)}", " ".join(out.split()))
    assert re.search(r"95 % have at most +longest +\n +source +35", out)
    assert "Unknown to the vocabulary: " in out


@pytest.mark.parametrize("command", ["train", "check"])
def test_a_mistake_makes_no_home(command: str, seqloom_here: Seqloom, folder: Path) -> None:
    code, out, err = seqloom_here(command, "recipe.yaml", "-o", "corpus.train=[gone.tsv]")
    assert (code, out) == (2, "")
    assert err.startswith("seqloom: gone.tsv: no such file")
    assert not (folder / ".seqloom").exists()


def test_a_download_of_other_bytes(seqloom_here: Seqloom, site: str, folder: Path) -> None:
    wrong = f"corpus.train=[{site}/phrases.tsv#sha256={'0' * 64}]"
    code, out, err = seqloom_here("check", "recipe.yaml", "-o", wrong)
    assert (code, out) == (2, "")
    assert err.startswith("seqloom: ")
    assert f"its sha256 is {digest_of_file(folder / 'phrases.tsv')}, not {'0' * 64}; correct #sha256=" in err
    assert not [path for path in (folder / ".seqloom").rglob("*") if path.is_file()]


def test_a_download_of_the_right_ones(seqloom_here: Seqloom, site: str, folder: Path) -> None:
    right = f"corpus.train=[{site}/phrases.tsv#sha256={digest_of_file(folder / 'phrases.tsv')}]"
    assert seqloom_here("check", "recipe.yaml", "-o", right)[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [["trian"], ["train"], ["train", "recipe.yaml", "--jsn"], ["train", "recipe.yaml", "-o"], ["generate"]],
    ids=" ".join,
)
def test_a_command_that_is_not_one(arguments: list[str], seqloom_here: Seqloom, folder: Path) -> None:
    code, out, err = seqloom_here(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert "Error" in err
    assert not (folder / ".seqloom").exists()


@pytest.mark.parametrize("command", ["train", "generate", "check"])
def test_help(command: str, seqloom_here: Seqloom) -> None:
    code, out, err = seqloom_here(command, "--help")
    assert (code, err) == (0, "")
    assert "--json" in out
