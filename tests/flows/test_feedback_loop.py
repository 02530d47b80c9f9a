"""The loop whole: serve, log, review, correct, train, gate, and the server answers from the new champion by itself."""

import csv
import json
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.flows.command_process import Done, command
from tests.flows.conftest import environment
from tests.registry.serving import asked, asking, free_port, post, predictions

MODEL = "models:/phrases@champion"
TEXTS = ["a quiet bird", "the old man hears a quiet bird", "write to me@example.com", "something quite unheard of"]
RIGHT = {"something quite unheard of": "etwas ganz Unerhörtes", "a quiet bird": "ein ruhiger Vogel"}
SOURCES = "corpus.sources=[{name: corrections, train: [corrections.jsonl], weight: 3}]"
RULES = ("registry.policy=not-worse", "registry.tolerance=100", "registry.slice_tolerance=100")


@pytest.fixture
def place(workplace: Path, first: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of the workplace, whose first version is champion."""
    assert first["version"] == 1
    return shutil.copytree(workplace, tmp_path / "copy")


@contextmanager
def serving(place: Path, env: dict[str, str]) -> Iterator[str]:
    """Where the server answers; it ends at SIGTERM."""
    port = free_port()
    server = command("serve", MODEL, "--port", str(port), "--follow", "1", "--log", "asked", cwd=place, env=env)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        ended = server.wait()
        assert "Traceback" not in ended.stderr
        told = f"{MODEL} is version 1, at http://127.0.0.1:{port}/invocations; Ctrl-C ends it"
        assert told in ended.stdout.splitlines(), "an address that can be copied"


def wait_for_version(address: str, version: int) -> None:
    deadline, found = time.monotonic() + 120, None
    while found != version:
        assert time.monotonic() < deadline, f"version {found} answers"
        time.sleep(0.2)
        try:
            found = json.load(urlopen(f"{address}/ready", timeout=5))["version"]
        except OSError:
            continue


def run(*arguments: str, place: Path, env: dict[str, str]) -> Done:
    done = command(*arguments, cwd=place, env=env).wait()
    assert done.returncode == 0, done.stderr
    return done


def fill_in(file: Path) -> None:
    """Write the right answers into the column target, as a person would."""
    with file.open(encoding="utf-8-sig", newline="") as read:
        rows = list(csv.DictReader(read))
    with file.open("w", encoding="utf-8-sig", newline="") as written:
        table = csv.DictWriter(written, rows[0].keys())
        table.writeheader()
        table.writerows({**row, "target": RIGHT.get(row["source"], "")} for row in rows)


def test_corrections_of_what_was_asked_make_the_next_champion(place: Path, prefect: dict[str, str]) -> None:
    env = environment(place) | prefect
    with serving(place, env) as address:
        wait_for_version(address, 1)
        status, answer = post(f"{address}/invocations", asked(TEXTS))
        assert (status, len(predictions(answer))) == (200, len(TEXTS))

        run("review", MODEL, "--log", "asked", "--to", "review.csv", "--rows", "4", place=place, env=env)
        fill_in(place / "review.csv")
        run("corrections", "review.csv", "--log", "asked", "--to", "corrections.jsonl", place=place, env=env)
        changes = [part for change in (SOURCES, *RULES) for part in ("-o", change)]
        with asking(address, TEXTS[:1], 0.05) as statuses:
            trained = run("train", "recipe.yaml", *changes, "--json", place=place, env=env)
            outcome = json.loads(trained.stdout)
            assert (outcome["version"], outcome["verdict"]) == (2, "champion")
            wait_for_version(address, 2)
        assert f"seqloom serve {MODEL}" in trained.stderr.splitlines()
        assert post(f"{address}/invocations", asked(TEXTS))[0] == 200
    [log] = (place / "asked").glob("requests-*.jsonl")
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert set(statuses) == {200}, "a client that never stops sees no change of version"
    versions = [row["version"] for row in rows]
    assert versions == sorted(versions)
    assert versions[: len(TEXTS)] + versions[-len(TEXTS) :] == [1] * len(TEXTS) + [2] * len(TEXTS)
    assert len(versions) == len(statuses) + 2 * len(TEXTS)
    assert "example.com" not in log.read_text(encoding="utf-8")
