"""`seqloom distill`: an endpoint answers texts, and what is asked for is checked first."""

import json
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from flows.distill import distill
from seqloom.cli import distill_command
from seqloom.errors import UserError
from tests.distillation.chat_server import Said, chat_server
from tests.flows.command_process import command
from tests.flows.conftest import environment

ASKED: dict[str, object] = {"model": "big", "prompt": "prompt.txt"}


def test_an_endpoint_answers_a_file(own_place: Path, prefect: dict[str, str]) -> None:
    (own_place / "texts.txt").write_text("hello\nworld\n", encoding="utf-8")
    (own_place / "prompt.txt").write_text("Say: {source}\n", encoding="utf-8")
    env = environment(own_place) | prefect | {"TEACHER_KEY": "sk-very-secret"}
    with chat_server(lambda text, _: Said((text.upper(),))) as seen:
        asked = ("--model", "big", "--prompt", "prompt.txt", "--key", "${TEACHER_KEY}", "--request-budget", "1")
        done = command("distill", seen.url, "texts.txt", "--to", "to", *asked, "--json", cwd=own_place, env=env).wait()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["kept"], told["budget_spent"], told["dropped"]) == (1, True, {"not asked: the budget is spent": 1})
    assert seen.keys == {"Bearer sk-very-secret"}
    assert "sk-very-secret" not in done.stdout + done.stderr
    [pair] = map(json.loads, (own_place / "to" / "pairs.jsonl").read_text(encoding="utf-8").splitlines())
    assert pair["target"] == f"SAY: {pair['source']}".upper()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"teacher": "https://host/v1", "model": "big"}, "teacher is an endpoint: name a file in --prompt"),
        ({"teacher": "https://host/v1", "prompt": "p"}, "teacher is an endpoint: name its model in --model"),
        ({"teacher": "https://host/v1", "model": "big", "prompt": "none.txt"}, "--prompt: none.txt: no such file"),
        ({"teacher": "ftp://host/v1", **ASKED}, "teacher is models:/NAME@ALIAS, .* such as https://HOST/v1"),
        ({"teacher": "https://me:secret@host/v1", **ASKED}, "a user, a password and what follows .* a key as --key"),
        ({"teacher": "https://host/v1", **ASKED, "key": "sk-secret"}, r"--key is written as \$\{NAME\}"),
        ({"teacher": "http://host/v1", **ASKED, "key": "${KEY}"}, "--key would go over the network unencrypted"),
        ({"teacher": "https://host/v1", "answers": 0}, "answers"),
        ({"teacher": "https://host/v1", "round_trip_chrf": 101}, "round_trip_chrf"),
        (
            {"teacher": "https://host/v1", "round_trip_chrf": 40},
            "a round trip takes a model of the other direction and",
        ),
        ({"teacher": "https://host/v1", "agreement": 2}, "agreement"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(asked: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as told:
        distill.fn(file="texts.txt", to="to", **asked)
    assert "secret" not in str(told.value)


def test_each_option_of_the_command_reaches_its_parameter_of_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "column": "text", "max_characters": 7, "model": "m", "prompt": "p", "key": "k", "answers": 2,
        "temperature": 0.5, "max_tokens": 3, "concurrency": 5, "requests_per_minute": 6,
        "request_budget": 8, "token_budget": 9, "agreement": 0.1, "length_ratio": 1.5,
        "round_trip": "back", "round_trip_chrf": 40.0, "privacy": "replace",
    }  # fmt: skip
    run: list[tuple[Any, ...]] = []
    monkeypatch.setattr(distill_command, "_run", lambda _, parameters: run.append(parameters))
    monkeypatch.setattr("seqloom.cli.terminal.show_distillation", lambda *_: None)
    options = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    asked = [*("teacher", "file", "--to", "to", "--no-copies"), *options]
    assert CliRunner().invoke(distill_command.commands, asked).exit_code == 0
    found = signature(distill.fn).bind(*run[0]).arguments
    expected = {"teacher": "teacher", "file": "file", "to": "to", "file_format": "auto", "copies": False, **given}
    assert found == expected
    assert expected.keys() == signature(distill.fn).parameters.keys()
