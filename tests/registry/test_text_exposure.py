"""What has to be trained again to forget some texts."""

from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from seqloom.artifact.digest import digest_of_folder
from seqloom.corpus import SPLITS
from seqloom.corpus.excluded_texts import ExcludedTexts, text_digest
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.recipe.answer_rules import AnswerRule
from seqloom.registry import text_exposure
from seqloom.registry.lineage import write_lineage
from seqloom.registry.model_history import history
from seqloom.registry.registered_version import KEY_TAG
from seqloom.registry.seal import CHECKPOINT
from seqloom.registry.text_exposure import Exposure, exposures, mark_to_be_forgotten, to_be_retrained, undecided
from seqloom.registry.versions import KNOWN_ANSWERS_TAG


def version(name: str, train: int, test: int = 0, *parents: str) -> Exposure:
    return Exposure(name, [], {"train": train, "validation": 0, "test": test}, parents)


def test_who_learned_from_a_text_and_who_went_on_from_them() -> None:
    found = [
        version("clean", 0),
        version("measured", 0, test=1),
        version("saw", 2),
        version("child", 0, 0, "saw"),
        version("grandchild", 0, 0, "child"),
        version("cousin", 0, 0, "clean"),
        version("of a deleted one", 0, 0, "gone"),
        Exposure("unknown", [], None, ("clean",)),
        version("a circle", 0, 0, "a circle"),
        version("an ensemble", 0, 0, "clean", "child"),
        version("an ensemble of others", 0, 0, "clean", "cousin"),
    ]
    assert to_be_retrained(found) == ["saw", "child", "grandchild", "an ensemble"]
    found.append(version("a grandchild of a deleted one", 0, 0, "of a deleted one"))
    found.append(version("a child of what nobody knows", 0, 0, "unknown"))
    assert undecided(found) == [each.model for each in found if "deleted" in each.model or "know" in each.model]


def test_known_answers_are_looked_through(
    client: MlflowClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / CHECKPOINT).mkdir()
    pairs = ExactMatches([("call Ann", "Ann anrufen"), ("x", "y")])
    KnownAnswers(pairs, [AnswerRule("a", "Call Ann.")]).save(tmp_path / CHECKPOINT)
    client.create_registered_model("knowing all")
    for tags in ({KNOWN_ANSWERS_TAG: "1 pair"}, {}):
        client.create_model_version("knowing all", str(tmp_path), tags={KEY_TAG: "key", **tags})
    monkeypatch.setattr(text_exposure, "text_corpora", lambda *_: [])
    monkeypatch.setattr(text_exposure, "fetch", lambda _: tmp_path)
    texts = ExcludedTexts([text_digest("call ann")])
    found = [each for each in exposures(texts, home) if each.model.startswith("models:/knowing all/")]
    assert [each.known for each in found] == [2, 0]
    assert to_be_retrained(found) == ["models:/knowing all/1"]
    mark_to_be_forgotten(found, texts, home)
    [why] = [event.why for event in history(client, "knowing all") if event.what == "to forget"]
    assert why.startswith("has 2 known answers of list ")
    client.delete_registered_model("knowing all")  # others look through all there are


def test_every_version_is_asked(
    client: MlflowClient, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {
        "train": [("Hello Ann!", "a"), ("x", "y"), ("one‖ hello ann‖ two", "z"), ("<BT> Hello Ann", "b")],
        "validation": [],
        "test": [],
    }
    for split in SPLITS:
        table = pd.DataFrame(rows[split], columns=["source", "target"], dtype="str")
        table.to_parquet(tmp_path / f"{split}.parquet", index=False)
    client.create_registered_model("forgetful")
    checkpoint = tmp_path / "artifacts" / "package" / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_text("1")
    pinned = f"models:/forgetful/1#sha256={digest_of_folder(checkpoint)[:16]}"
    another, gone = "models:/forgetful/1#sha256=0123", "models:/forgetful/99#sha256=0123"
    for parent in ("none", pinned, "none", "none", "none", another, gone):
        made = client.create_model_version("forgetful", str(tmp_path), tags={KEY_TAG: "key"})
        write_lineage(client, "forgetful", made.version, {"parent version": parent})
    client.set_registered_model_alias("forgetful", "champion", "1")
    corpora: dict[str, list[Path | None]] = {
        "models:/forgetful/1": [tmp_path],
        "models:/forgetful/4": [tmp_path, tmp_path],  # its own, and raw text
        "models:/forgetful/5": [tmp_path, None],
        "models:/forgetful/6": [],
        "models:/forgetful/7": [],
    }
    monkeypatch.setattr(text_exposure, "text_corpora", lambda uri, _: corpora.get(uri, [None]))
    texts = ExcludedTexts([text_digest("HELLO, ann")])
    found = [each for each in exposures(texts, home) if each.model.startswith("models:/forgetful/")]
    assert [(each.model, each.aliases, each.rows, each.parents) for each in found] == [
        ("models:/forgetful/1", ["champion"], {"train": 3, "validation": 0, "test": 0}, ()),
        ("models:/forgetful/2", [], None, ("models:/forgetful/1",)),
        ("models:/forgetful/3", [], None, ()),
        ("models:/forgetful/4", [], {"train": 6, "validation": 0, "test": 0}, ()),
        ("models:/forgetful/5", [], {"train": 3, "validation": 0, "test": 0}, ()),
        ("models:/forgetful/6", [], {"train": 0, "validation": 0, "test": 0}, (another,)),
        ("models:/forgetful/7", [], {"train": 0, "validation": 0, "test": 0}, (gone,)),
    ]
    assert undecided(found) == [f"models:/forgetful/{number}" for number in (3, 6, 7)]
    assert to_be_retrained(found) == [f"models:/forgetful/{number}" for number in (1, 2, 4, 5)]
    mark_to_be_forgotten(found, texts, home)
    told = [(event.version, event.why) for event in history(client, "forgetful") if event.what == "to forget"]
    list_of = f"of list {texts.digest[:16]}: train it again without"
    assert told == [
        (1, f"learned from 3 rows {list_of}"),
        (2, f"learned from 3 rows through models:/forgetful/1 {list_of}"),
        (4, f"learned from 6 rows {list_of}"),
        (5, f"learned from 3 rows {list_of}"),
    ]
