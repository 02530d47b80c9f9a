"""Every way to get a recipe wrong, and the sentence that says how to put it right."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from seqloom.errors import UserError
from seqloom.recipe import renamed_fields
from seqloom.recipe.recipe_loader import change_section, check_recipe, load_recipe
from seqloom.recipe.schema import DecodingSection, Recipe

RECIPES = Path(__file__).parents[2] / "recipes"
SMALL = "name: small\ncorpus: {train: [pairs.tsv]}\n"


@pytest.mark.parametrize(("said", "task"), renamed_fields.TASKS.items())
def test_a_task_may_be_called_what_others_call_it(said: str, task: str, tmp_path: Path) -> None:
    more = {"generation": ", format: running", "chat": ", turns: 2", "reconstruction": ", format: texts"}.get(task, "")
    path = written(tmp_path, f"name: small\ntask: {said}\ncorpus: {{train: [pairs.tsv]{more}}}\n")
    assert load_recipe(path).task == task


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def sentence(path: Path, *overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        load_recipe(path, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param(
            SMALL + "trainng: {epochs: 3}", ["trainng is not a field", "did you mean training?"], id="section"
        ),
        pytest.param(
            SMALL + "training: {learning_rat: 1}", ["training.learning_rat", "mean training.learning_rate?"], id="field"
        ),
        pytest.param(
            "name: a\ncorups: {train: [x]}", ["corups is not a field", "mean corpus?"], id="misspelt before missing"
        ),
        pytest.param("name: a", ["corpus is missing; add it"], id="no corpus"),
        pytest.param("name: a\ncorpus: {}", ["corpus.train is missing; add it"], id="no place"),
        pytest.param("corpus: {train: [x]}", ["name is missing; add it"], id="no name"),
        pytest.param("name: a\ncorpus: {train: []}", ["corpus.train", "at least 1 item"], id="empty places"),
        pytest.param(
            "name: a\ncorpus: {train: [a, b, c]}", ["corpus.train", "at most 2 items", "not 3"], id="three places"
        ),
        pytest.param("name: a\ncorpus: {train: 7}", ["corpus.train", "valid list, not 7"], id="no list"),
        pytest.param(
            SMALL + "epochs: 3",
            ["epochs is not a field", "mean vectors.epochs or pretraining.epochs or training.epochs?"],
            id="no section",
        ),
        pytest.param(SMALL + "model: {places: 9}", ["is called model.max_positions now"], id="earlier"),
        pytest.param(SMALL + "task: Classification", ["did you mean sentiment?"], id="another name"),
        pytest.param(SMALL + "evaluation: {metric: BLEU}", ["not 'BLEU'; did you mean bleu?"], id="upper case"),
        pytest.param(SMALL + "decoding: {method: beams}", ["did you mean beam?"], id="plural"),
        pytest.param(SMALL + "training: {epochs: -1}", ["training.epochs", "than or equal to 0, not -1"], id="low"),
        pytest.param(SMALL + "training: {learning_rate: 11}", ["training.learning_rate", "to 10, not 11"], id="high"),
        pytest.param(
            SMALL + "training: {ema_decay: 1.0}", ["training.ema_decay", "less than 1, not 1.0"], id="open bound"
        ),
        pytest.param(SMALL + "training: {learning_rate: .nan}", ["training.learning_rate", "finite"], id="nan"),
        pytest.param(SMALL + "training: {epochs: 2.5}", ["training.epochs", "integer", "2.5"], id="broken number"),
        pytest.param(SMALL + "training: {epochs: many}", ["training.epochs", "integer", "'many'"], id="no number"),
        pytest.param(
            SMALL + "model: {encoder: lsmt}",
            ["model.encoder", "'rnn', 'lstm', 'gru', 'cnn', 'transformer' or 'none'", "not 'lsmt'"],
            id="choice",
        ),
        pytest.param(
            "name: a\ntask: poetry\ncorpus: {train: [x]}", ["task", "'translation'", "not 'poetry'"], id="task"
        ),
        pytest.param(
            SMALL + "training: {epochs: true}",
            ["training.epochs", "a number", "reads what is written as true"],
            id="yes",
        ),
        pytest.param(SMALL + "model: {dropout: no}", ["model.dropout", "a number", "as false"], id="no"),
        pytest.param(SMALL + "training: {patience: on}", ["training.patience", "as true"], id="on"),
        pytest.param(
            SMALL + "training:\n  epochs: 3\n  seed: 2\n  epochs: 4\n",
            ["recipe.yaml line 6: epochs is there already, in line 4; remove one of the two"],
            id="a field twice",
        ),
        pytest.param(
            SMALL + "training: {epochs: 3}\nname: b", ["line 4: name is there already, in line 1"], id="the name twice"
        ),
        pytest.param(
            SMALL + "task: sentiment\nmodel: {decoder: classifier, attention: additive, pooling: max}",
            ["model: attention additive is of decoders that write text", "remove it"],
            id="the default written out",
        ),
        pytest.param(
            "name: a\ncorpus: {train: [x], source_language: no}",
            ["corpus.source_language", "YAML reads it as False", "quotes"],
            id="Norwegian",
        ),
        pytest.param(
            "name: a\ncorpus: {train: [x], source_column: 1}",
            ["corpus.source_column", "YAML reads it as 1", "quotes"],
            id="number of a column",
        ),
        pytest.param("name: 2026-01-31\ncorpus: {train: [x]}", ["name must be text", "quotes"], id="date"),
        pytest.param(SMALL + "training: fast", ["training is a section", "indent"], id="text for a section"),
        pytest.param(SMALL + "training:\n", ["training is a section", "remove it"], id="empty section"),
        pytest.param("name: small\ncorpus: [train: {", ["recipe.yaml line 2", "not valid YAML"], id="broken YAML"),
        pytest.param("name: a\n\tcorpus: 1\n", ["recipe.yaml line 2", "not valid YAML"], id="tab"),
        pytest.param("- name\n- corpus\n", ["a recipe is a YAML mapping"], id="list"),
        pytest.param("", ["a recipe is a YAML mapping"], id="empty"),
        pytest.param(
            "name: a\n1: 2\ncorpus: {train: [x]}", ["keys should be strings, not 1"], id="key that is no text"
        ),
        pytest.param(SMALL + "vectors: {method: pretrained}", ["vectors", "needs source_file"], id="no file"),
        pytest.param(
            SMALL + "vectors: {target_file: glove.txt}",
            ["vectors", "target_file", "set method to pretrained or remove it"],
            id="file unread",
        ),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_place_and_the_remedy(
    text: str, parts: list[str], tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    message = sentence(path)
    assert message.startswith(str(path))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "-rf", "a b", "a\n", "模型", "", "x" * 101])
def test_a_name_that_is_no_name_of_a_model(name: str) -> None:
    with pytest.raises(UserError, match=r"name: .* is no name of letters, digits and \. _ -"):
        check_recipe({"name": name, "corpus": {"train": ["x"]}}, "recipe")


@pytest.mark.parametrize("name", ["a", "jupyterlab-en-zh", "0.1", "A_b.c-d", "x" * 100])
def test_a_name_of_a_model(name: str) -> None:
    assert check_recipe({"name": name, "corpus": {"train": ["x"]}}, "recipe").name == name


def test_a_missing_file_says_where_was_looked(tmp_path: Path) -> None:
    message = sentence(tmp_path / "absent.yaml")
    assert "absent.yaml: no such recipe" in message
    assert str(Path.cwd()) in message


@pytest.mark.parametrize("content", [b"name: \xff", b"name: \x00"])
def test_bytes_that_are_no_text(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    assert str(path) in sentence(path)


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    assert "cannot be read as a recipe" in sentence(tmp_path)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("training.epochs", ["section.field=value"]),
        ("=3", ["section.field=value"]),
        ("training.epochs=[1", ["not valid YAML"]),
        ("name.first=x", ["name is not a section"]),
        ("corpus.train.first=x", ["train is not a section"]),
        ("training.epochs.x=1", ["training.epochs", "not {'x': 1}"]),
        ("training.epoch=3", ["did you mean training.epochs?"]),
        ("trainin.epochs=3", ["did you mean training?"]),
        ("serving.use_memory=false", ["did you mean serving.memory_file?"]),
        ("registry.zzz=1", ["registry.zzz is not a field of a recipe; its fields are description, license,"]),
        ("zzz.epochs=3", ["its fields are name, task, corpus,"]),
        ("training.epochs=", ["training.epochs", "integer", "not None"]),
        ("registry.description=", ["registry.description", "valid string, not None"]),
        ("training=3", ["training is a section"]),
        ("training={epochs: 3, epochs: 4}", ["override training={", "epochs is there already"]),
        ("training.epochs=yes", ["training.epochs", "a number", "as true"]),
    ],
)
def test_a_wrong_override(override: str, parts: list[str], tmp_path: Path) -> None:
    message = sentence(written(tmp_path, SMALL), override)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("override", "section", "field", "value"),
    [
        ("training.epochs=3", "training", "epochs", 3),
        ("training.learning_rate=1e-3", "training", "learning_rate", 1e-3),
        ("training.learning_rate=0.5", "training", "learning_rate", 0.5),
        ("training.device=cpu", "training", "device", "cpu"),
        ("model.bidirectional=false", "model", "bidirectional", False),
        ("model.attention=none", "model", "attention", "none"),
        ("corpus.train=[a.en, b.zh]", "corpus", "train", ["a.en", "b.zh"]),
        ("corpus.test=['x=y.tsv']", "corpus", "test", ["x=y.tsv"]),
        ("corpus.source_language='no'", "corpus", "source_language", "no"),
        ("registry.description=a = b", "registry", "description", "a = b"),
    ],
)
def test_an_override_wins(override: str, section: str, field: str, value: Any, tmp_path: Path) -> None:
    path = written(tmp_path, SMALL + "training: {epochs: 7}\nmodel:\n  # all commented out\nregistry: {}\n")
    recipe = load_recipe(path, ["model.tie_embeddings=false", override])
    assert getattr(getattr(recipe, section), field) == value
    assert not recipe.model.tie_embeddings


def test_the_last_override_wins(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    assert load_recipe(path, ["name=a", "training.epochs=2", "name=b"]).name == "b"


def test_a_recipe_cannot_be_changed() -> None:
    recipe = check_recipe(yaml.safe_load(SMALL), "small")
    with pytest.raises(ValidationError, match="frozen"):
        recipe.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        recipe.training.epochs = 1


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_recipe_loads_and_survives_a_dump(path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(path)
    again = written(tmp_path, yaml.safe_dump(recipe.model_dump(), allow_unicode=True))
    assert load_recipe(again) == recipe


def test_the_prefect_form_can_draw_every_field() -> None:
    """A union becomes a raw JSON box there, and the description is all a person has to go by."""
    schema = Recipe.model_json_schema()
    sections = schema["$defs"]
    for name, section in itertools.chain(sections.items(), [("Recipe", schema)]):
        for field, form in section["properties"].items():
            described = sections[form["$ref"].rpartition("/")[2]] if "$ref" in form else form
            assert described.get("description"), f"{name}.{field}"
            assert ("type" in form) != ("$ref" in form), f"{name}.{field}"
    for word in ("anyOf", "oneOf", "allOf", "discriminator"):
        assert f"'{word}'" not in repr(schema)


def test_a_place_alone_is_a_list_of_one(tmp_path: Path) -> None:
    recipe = load_recipe(written(tmp_path, "name: a\ncorpus: {train: x.tsv}"))
    assert recipe.corpus.train == ["x.tsv"]


@pytest.mark.parametrize("override", ["beam_size=3", "decoding.beam_size=3"])
def test_a_field_of_a_section_may_be_named_as_in_a_recipe(override: str) -> None:
    assert change_section(DecodingSection(), [override], "decoding").beam_size == 3
