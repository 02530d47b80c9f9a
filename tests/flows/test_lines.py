"""`seqloom generate` from a checkpoint folder: as many lines out as come in, whatever bytes they come in as."""

import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqloom.cli import main
from seqloom.cli.stdio import in_chunks, read_lines
from seqloom.decoding.generator import Generator
from tests.flows.command_process import COMMAND
from tests.registry.tiny import write_checkpoint

Generate = Callable[..., tuple[int, str, str]]
LINES = ["a small dog", "", "dog", "   ", "small\u2028dog", "a\tdog", "kleiner \x0b Hund", "unknown words"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("a checkpoint ü"))


@pytest.fixture(scope="module")
def answers(checkpoint: Path) -> dict[str, str]:
    """What the model says to each line, alone."""
    generator = Generator.load(checkpoint)
    return {line: generator.generate([line])[0] for line in LINES}


@pytest.fixture
def generate(checkpoint: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Generate:
    def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["seqloom", "generate", str(checkpoint), *arguments])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            main.main()
        assert isinstance(stop.value.code, int)
        return (stop.value.code, *capfd.readouterr())

    return run


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["closed", "last line open"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "with a byte order mark"])
def test_lines_of_a_file(
    end: str, last: bool, mark: bytes, generate: Generate, answers: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_bytes(mark + (end.join(LINES) + end * last).encode())
    code, out, err = generate("--file", str(tmp_path / "in.txt"))
    assert (code, err) == (0, "")
    assert out.split("\n") == [*answers.values(), ""]


def test_more_lines_than_are_read_at_once(generate: Generate, answers: dict[str, str]) -> None:
    lines = [LINES[n * 5 % 8] for n in range(3000)]
    code, out, _ = generate(stdin="\n".join(lines).encode())
    assert code == 0
    assert out.split("\n") == [*(answers[line] for line in lines), ""]


def test_arguments(generate: Generate, answers: dict[str, str]) -> None:
    assert generate("dog", "", "a small dog")[1].split("\n") == [answers["dog"], "", answers["a small dog"], ""]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\u2028", "\x0b"], ids=ascii)
def test_an_argument_is_one_text_whatever_it_holds(end: str, generate: Generate, answers: dict[str, str]) -> None:
    assert generate(f"a small{end}dog{end}", "dog")[1].split("\n") == [answers["a small dog"], answers["dog"], ""]


def test_nothing_in_nothing_out(generate: Generate) -> None:
    assert generate(stdin=b"") == (0, "", "")
    assert json.loads(generate("--json", stdin=b"")[1])["outputs"] == []


def test_one_object_with_json(generate: Generate, answers: dict[str, str], checkpoint: Path) -> None:
    _, out, err = generate("--json", stdin="\n".join(LINES).encode())
    assert json.loads(out) == {
        "model": str(checkpoint),
        "outputs": list(answers.values()),
        "truncated": [False] * len(LINES),
    }
    assert err == ""


def test_it_says_how_many_answers_were_truncated(generate: Generate) -> None:
    _, out, err = generate("-o", "max_length=1", "--json", "", "dog", "a small dog")
    told = json.loads(out)
    assert told["truncated"] == [text != "" for text in told["outputs"]]
    assert f"{sum(told['truncated'])} of 3 answers are truncated" in err
    assert "decoding.max_length" in err


@pytest.mark.parametrize(
    ("arguments", "stdin", "sentence"),
    [
        pytest.param([], b"fine\nna\xefve\n", "stdin line 2: byte 0xef is not UTF-8", id="not UTF-8"),
        pytest.param(["--file", "gone.txt"], b"", "gone.txt: cannot be read (No such file", id="no file"),
        pytest.param(["--file", "/"], b"", "/: cannot be read (Is a directory)", id="a folder"),
        pytest.param(["text", "--file", "a.txt"], b"", "give one of them", id="both"),
    ],
)
def test_mistakes(arguments: list[str], stdin: bytes, sentence: str, generate: Generate) -> None:
    code, out, err = generate(*arguments, stdin=stdin)
    assert (code, out) == (2, "")
    assert err.startswith("seqloom: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_reader_who_has_seen_enough(checkpoint: Path, tmp_path: Path) -> None:
    """As in `seqloom generate … | head -1`: no traceback, and no failure."""
    (tmp_path / "in.txt").write_text("a small dog\n" * 3000)
    command = [*COMMAND, "generate", str(checkpoint), "--file", "in.txt"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", codec="utf-8"))), st.sampled_from(["\n", "\r\n"])
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_only_a_newline_ends_a_line(lines: list[str], end: str) -> None:
    content = "".join(line + end for line in lines).encode()
    assert list(read_lines(io.BytesIO(content), "stdin")) == lines


@given(st.lists(st.text()), st.integers(1, 5))
def test_chunks_hold_every_line_once(lines: list[str], size: int) -> None:
    chunks = list(in_chunks(iter(lines), size))
    assert [line for chunk in chunks for line in chunk] == lines
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert all(chunks)
