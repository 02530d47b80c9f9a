"""What is secret in the environment of a run is nowhere in what the run leaves behind or prints."""

from pathlib import Path

import pandas as pd
import pytest

from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe
from tests.corpus.site import Site
from tests.flows.command_process import command
from tests.flows.conftest import DATA, PLANTED, SECRETS, environment

CANARY = "c4n4ry-s3cret"
SPLITS = ("test", "validation")


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
    with pytest.raises(UserError, match=r"for example\.org stands in a URL.*netrc") as caught:
        check_recipe({"name": "a", "corpus": corpus}, "recipe.yaml")
    assert "planted" not in str(caught.value)


def test_no_secret_of_a_url_is_left_behind_or_printed(own_place: Path, prefect: dict[str, str]) -> None:
    """Written out in the recipe and in an override, or named there: the site alone is told."""
    (own_place / "www").mkdir()
    head, *rows = DATA.read_text(encoding="utf-8").splitlines()
    for number, split in enumerate(("train", *SPLITS)):
        (own_place / "www" / f"{split}.tsv").write_text("\n".join([head, *rows[number::3]]), encoding="utf-8")
    site = Site(own_place / "www")
    try:
        recipe = own_place / "recipe.yaml"
        places = f"[{site.url}/train.tsv?token={CANARY}-1&sig={CANARY}%2B2]"
        recipe.write_text(recipe.read_text(encoding="utf-8").replace("[phrases.tsv]", places), encoding="utf-8")
        more = [f"corpus.{split}=[{site.url}/{split}.tsv?t={CANARY}-{split}&k=${{KEY}}]" for split in SPLITS]
        told = environment(own_place) | prefect | {"KEY": f"{CANARY}-3"}
        overrides = [word for change in (*more, "training.epochs=1") for word in ("-o", change)]
        done = command("train", "recipe.yaml", *overrides, cwd=own_place, env=told).wait()
    finally:
        site.go_away()
    assert done.returncode == 0, done.stderr
    queries = {path.partition("?")[2] for path in site.asked}
    assert queries == {f"token={CANARY}-1&sig={CANARY}%2B2", *(f"t={CANARY}-{s}&k={CANARY}-3" for s in SPLITS)}
    files = [file for file in (own_place / ".seqloom").rglob("*") if file.is_file()]
    files += [file for file in Path(prefect["PREFECT_HOME"]).rglob("*") if file.is_file()]
    assert {"hypotheses.parquet", "recipe.yaml", "mlflow.db", "prefect.db"} <= {file.name for file in files}
    assert [str(file) for file in files if CANARY in all_that_is_in(file)] == []
    assert CANARY not in done.stdout + done.stderr


def all_that_is_in(file: Path) -> str:
    """Also behind the compression of Parquet."""
    if file.suffix == ".parquet":
        return str(pd.read_parquet(file).to_dict("list"))
    return file.read_bytes().decode("utf-8", "replace")


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
