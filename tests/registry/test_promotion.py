"""The champion moves in one piece or not at all, and every move is on record."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seqloom.errors import UserError
from seqloom.registry.promotion import ROLLED_BACK_TAG, moves_of, moving_champion, promote, rollback
from seqloom.registry.versions import aliases_of


@pytest.fixture
def name(client: MlflowClient, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A registered model with three versions, of which none is anything."""
    made = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    client.create_registered_model(made)
    for _ in range(3):
        client.create_model_version(made, tmp_path.as_uri())
    client.set_registered_model_alias(made, "challenger", "3")
    return made


def test_a_story(client: MlflowClient, name: str, home: Path) -> None:
    promote(client, name, 1, "the first", home)
    assert aliases_of(client, name) == {"champion": 1, "challenger": 3}
    promote(client, name, 3, "much better ü", home)
    assert aliases_of(client, name) == {"champion": 3, "previous": 1}
    rollback(client, name, "rude answers", home)
    assert aliases_of(client, name) == {"champion": 1, "previous": 3}
    assert "rude answers" in client.get_model_version(name, "3").tags[ROLLED_BACK_TAG]
    promote(client, name, 3, "it was not rude", home)
    assert ROLLED_BACK_TAG not in client.get_model_version(name, "3").tags
    told = [(move.origin, move.to, move.why) for move in moves_of(client, name)]
    assert told == [(None, 1, "the first"), (1, 3, "much better ü"), (3, 1, "rude answers"), (1, 3, "it was not rude")]
    assert all(move.by.endswith("by hand") and move.when.endswith("+00:00") for move in moves_of(client, name))


def test_the_record_is_few_tags_however_many_moves(client: MlflowClient, name: str, home: Path) -> None:
    """As much in one as the database takes, and those of before are read, too."""
    old = {"origin": None, "to": 2, "when": "2026-11-01T00:00:00.000+00:00", "by": "Ann by hand", "why": "the first"}
    client.set_registered_model_tag(name, "seqloom.move.20261101T000000.000000", json.dumps(old))
    told = ["the first"]
    for number in range(12):
        told.append(f"{number}: {'because ' * 110}")
        promote(client, name, number % 2 + 1, told[-1], home)
    assert [move.why for move in moves_of(client, name)] == told
    tags = client.get_registered_model(name).tags
    assert max(map(len, tags.values())) <= 5000
    assert set(tags) - {"seqloom.move.20261101T000000.000000"} == {
        "seqloom.moves",
        "seqloom.moves.2",
        "seqloom.moves.3",
    }


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("champion", [None, 1])
def test_what_fails_afterwards_moves_it_back(
    client: MlflowClient, name: str, home: Path, champion: int | None, error: type[BaseException]
) -> None:
    if champion:
        promote(client, name, champion, "the first", home)
    before, moves = aliases_of(client, name), moves_of(client, name)
    with pytest.raises(error):  # noqa: SIM117, PT012 what is inside has to fail inside
        with moving_champion(client, name, champion, 3, "flow run x", "better", home):
            assert aliases_of(client, name)["champion"] == 3
            raise error
    assert (aliases_of(client, name), moves_of(client, name)) == (before, moves)


def test_so_does_a_failure_half_way(
    client: MlflowClient, name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(client, name, 1, "the first", home)
    before = aliases_of(client, name)
    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "set_registered_model_tag", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            promote(client, name, 3, "better", home)
    assert aliases_of(client, name) == before


def test_a_champion_that_moved_meanwhile_is_not_overrun(client: MlflowClient, name: str, home: Path) -> None:
    promote(client, name, 2, "by hand, while the gate measured", home)
    with (
        pytest.raises(UserError, match="is version 2 and no longer 1"),
        moving_champion(client, name, 1, 3, "flow run x", "better than 1", home),
    ):
        raise AssertionError("never reached")
    assert aliases_of(client, name)["champion"] == 2


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda c, n, h: promote(c, n, 9, "why", h), "has no version 9; it has versions 1, 2, 3"),
        (lambda c, n, h: promote(c, n, 1, " ", h), "--why is empty"),
        (lambda c, _, h: promote(c, "no-such", 1, "why", h), "there is no registered model no-such"),
        (lambda c, n, h: rollback(c, n, "why", h), "has no previous champion to go back to"),
        (lambda c, n, h: rollback(c, n, "", h), "--why is empty"),
        (lambda c, _, h: rollback(c, "no-such", "why", h), "there is no registered model no-such"),
        (
            lambda c, n, h: promote(c, n, 1, "why", h) and promote(c, n, 1, "why", h),
            "version 1 of .* is the champion already",
        ),
    ],
)
def test_a_mistake_is_one_sentence(
    client: MlflowClient, home: Path, name: str, act: Callable[[MlflowClient, str, Path], object], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        act(client, name, home)
