"""What is secret in the environment of a run is nowhere in what the run leaves behind or prints."""

from pathlib import Path

import pytest

from seqloom.mistake import UserMistake
from seqloom.recipe.loading import check_recipe
from tests.flows.conftest import PLANTED, SECRETS, environment
from tests.flows.running import command


@pytest.mark.usefixtures("first")
def test_no_secret_is_left_behind_or_printed(workplace: Path) -> None:
    """`first` was trained with all of them in its environment."""
    variables = environment(workplace) | dict.fromkeys(SECRETS, PLANTED)
    for arguments in (["show", "models:/phrases/1"], ["history", "phrases"]):
        done = command(*arguments, cwd=workplace, env=variables).wait()
        assert done.returncode == 0, done.stderr
        assert PLANTED not in done.stdout + done.stderr
    files = [file for file in workplace.rglob("*") if file.is_file()]
    places = {part for file in files for part in file.relative_to(workplace).parts}
    assert {"mlflow.db", "prefect.db", "artifacts", "card", "gate"} <= places
    assert [str(file) for file in files if PLANTED.encode() in file.read_bytes()] == []


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("url", ["https://ann:planted@example.org/a.tsv", "http://planted@example.org:8080/a.tsv"])
def test_a_password_in_a_recipe_is_refused_without_being_told(split: str, url: str) -> None:
    corpus = {"train": ["a.tsv"], split: [url]}
    with pytest.raises(UserMistake, match=r"for example\.org stands in a URL.*netrc") as caught:
        check_recipe({"name": "a", "corpus": corpus}, "recipe.yaml")
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("said", ["", "seqloom:wrong"])
def test_a_server_that_wants_another_password(own_place: Path, prefect: dict[str, str], said: str) -> None:
    told = environment(own_place) | prefect | {"PREFECT_API_AUTH_STRING": said}
    done = command("train", "recipe.yaml", cwd=own_place, env=told).wait()
    assert done.returncode == 2, done.stderr
    place = prefect["PREFECT_API_URL"]
    assert done.stderr.endswith(
        f"seqloom: Prefect at {place} wants a password: set PREFECT_API_AUTH_STRING to its USER:PASSWORD, or "
        "PREFECT_API_KEY\n"
    )
    assert "Traceback" not in done.stderr
