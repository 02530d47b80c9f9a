"""A model teaches only what it can write."""

from pathlib import Path
from typing import Any

import pytest

from seqloom.artifact.digest import digest_of_folder
from seqloom.errors import UserError
from seqloom.recipe.pinned_version import pin_version
from seqloom.recipe.recipe_json import write_recipe
from seqloom.registry.teacher_version import pin_teacher
from tests.registry.tiny import recipe_named

EN_DE = {"source_language": "en", "target_language": "de"}
DE_EN = {"source_language": "deu", "target_language": "en-GB"}
LABELS: dict[str, Any] = {"task": "sentiment", "model": {"decoder": "classifier", "attention": "none"}}
SPOKEN: dict[str, Any] = {"task": "transduction", "corpus": {"train": ["x.tsv"], "features": "mfcc"}}
WRONG = "is wanted that reads {} and writes {}: name one, or correct the recipe's languages or the field of the texts$"


def pinned_teacher(folder: Path, teacher: dict[str, Any], corpus: dict[str, Any], **teaching: Any) -> str:
    """Write a teacher's checkpoint, and pin it in a recipe from English to German with these texts."""
    (folder / "texts.txt").write_text("a\n", encoding="utf-8")
    (folder / "teacher").mkdir()
    write_recipe(recipe_named("teacher", **teacher), folder / "teacher")
    texts = {field: [str(folder / "texts.txt")] for field in corpus}
    section = {"train": ["rows.tsv"], "teacher": str(folder / "teacher"), **EN_DE, **texts}
    if teaching:
        teaching = {"teaching": {"round_trip": str(folder / "teacher"), "round_trip_chrf": 40.0}}
    return pin_teacher(recipe_named("m", corpus=section, **teaching), folder / "home").corpus.teacher


@pytest.mark.parametrize(
    ("teacher", "field"),
    [
        ({"corpus": {"train": ["x.tsv"], **DE_EN}}, "monolingual_target"),
        ({"corpus": {"train": ["x.tsv"], **EN_DE}}, "monolingual_source"),
        ({"corpus": {"train": ["x.tsv"]}}, "monolingual_target"),
        ({"corpus": {"train": ["x.tsv"], "source_language": "en"}}, "monolingual_source"),
    ],
)
def test_a_teacher_of_the_direction_is_taken(teacher: dict[str, Any], field: str, tmp_path: Path) -> None:
    found = pinned_teacher(tmp_path, teacher, {field: ""})
    assert found == pin_version(str(tmp_path / "teacher"), digest_of_folder(tmp_path / "teacher"))


@pytest.mark.parametrize(
    ("teacher", "field", "sentence"),
    [
        ({"corpus": {"train": ["x.tsv"], **EN_DE}}, "monolingual_target", WRONG.format("de", "en")),
        ({"corpus": {"train": ["x.tsv"], **DE_EN}}, "monolingual_source", WRONG.format("en", "de")),
        (
            {"corpus": {"train": ["x.tsv"], "source_language": "en", "target_language": "fr"}},
            "monolingual_source",
            "corpus.teacher: .*teacher reads en and writes fr, and a model " + WRONG.format("en", "de"),
        ),
        (SPOKEN, "monolingual_source", "corpus.teacher: .* reads features, which a text has not"),
        (LABELS, "monolingual_source", "corpus.teacher: .* is of task sentiment, and task translation learns nothing"),
    ],
)
def test_another_is_refused(teacher: dict[str, Any], field: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        pinned_teacher(tmp_path, teacher, {field: ""})


def test_the_model_back_has_the_other_direction(tmp_path: Path) -> None:
    any_target = {
        "corpus": {"train": ["x.tsv"], "source_language": "en"}
    }  # taken as the teacher, not as the model back
    with pytest.raises(UserError, match=r"teaching.round_trip: .* reads en and writes any, .*that reads de"):
        pinned_teacher(tmp_path, any_target, {"monolingual_source": ""}, back=True)
