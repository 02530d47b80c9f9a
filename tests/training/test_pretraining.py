"""From raw text to a classifier: the encoder and its vocabulary come from a masked language model of another corpus."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seqloom import pipeline
from seqloom.artifact.cache_key import VOCABULARY
from seqloom.corpus.corpus_files import read_split
from seqloom.errors import UserError
from seqloom.models.model_factory import read_checkpoint
from seqloom.progress import unwatched
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.pretraining_recipe import pretraining_recipe
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.registry.preflight import check_recipe_and_files, check_resources
from seqloom.registry.run_plan import plan
from seqloom.vocabulary.stage import load_vocabularies
from tests.models.plain import facts_of

ENCODER = {"encoder": "gru", "encoder_width": 6, "encoder_layers": 1}
COMMON: dict[str, Any] = {
    "vocabulary": {"kind": "word", "min_frequency": 1},
    "vectors": {"width": 8, "method": "none"},
}


def test_raw_text_then_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    words = ["good", "bad", "film", "plot", "rather", "quite", "never"]
    raw = [f"{one} {two} {three} rareword" for one in words for two in words for three in words]
    (tmp_path / "raw.txt").write_text("".join(f"{line}\n" for line in raw[:200]), "utf-8")
    labeled = [f"{'1' if 'good' in line else '0'} {line.replace(' rareword', '')}" for line in raw[::5]]
    (tmp_path / "labels.txt").write_text("".join(f"{line}\n" for line in labeled), "utf-8")
    encoder = pipeline.train(
        {
            "name": "raw",
            "task": "reconstruction",
            "corpus": {"train": [str(tmp_path / "raw.txt")], "format": "texts"},
            "model": {**ENCODER, "attention": "none"},
            "training": {"objective": "masked", "epochs": 1, "label_smoothing": 0.0},
            **COMMON,
        }
    )
    labels = {
        "name": "labels",
        "task": "sentiment",
        "corpus": {"train": [str(tmp_path / "labels.txt")], "format": "labeled", "validation_share": 0.2},
        "model": {**ENCODER, "decoder": "classifier"},
        "training": {"epochs": 1, "learning_rate": 1e-9, "start_encoder_from": str(encoder.folder)},
        **COMMON,
    }
    model = pipeline.train(labels)
    source, target = load_vocabularies(model.folder)
    assert source.tokens == load_vocabularies(encoder.folder)[0].tokens
    assert "▁rareword" in source.tokens, "which no labeled row has"
    assert sorted(target.tokens[4:]) == ["0", "1"]
    learned = read_checkpoint(read_recipe(encoder.folder).model, encoder.folder, "masked")
    own = model.generator.model
    for name, weight in learned.encoder.state_dict().items():
        assert own.encoder.state_dict()[name].allclose(weight, atol=1e-5), name
    assert model.evaluate()

    with pytest.raises(UserError, match=r"start_encoder_from: .*nowhere is not a checkpoint folder"):
        pipeline.train(labels, "training.start_encoder_from=nowhere")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A recipe of few labels and more raw text, in whose folder both are; one raw text is held out, too."""
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    words = ["good", "bad", "film", "plot", "rather", "quite", "never"]
    lines = [f"{one} {two} {three}" for one in words for two in words for three in words]
    labeled = [f"{'1' if 'good' in line else '0'} {line}" for line in lines[::5]]
    held_out = [f"1 good {word} held out" for word in words]
    raw = [*lines[1::2], *(f"a rareword {line}" for line in lines[::9]), *(line[2:] for line in held_out)]
    for name, texts in {"labels": labeled, "held_out": held_out, "raw": raw}.items():
        (tmp_path / f"{name}.txt").write_text("".join(f"{text}\n" for text in texts), "utf-8")
    return {
        "name": "labels",
        "task": "sentiment",
        "corpus": {"train": ["labels.txt"], "test": ["held_out.txt"], "format": "labeled", "validation_share": 0.2},
        "pretraining": {"corpus": ["raw.txt"], "epochs": 1},
        "model": {"encoder": "gru", "encoder_width": 6, "decoder": "classifier"},
        "training": {"epochs": 1, "learning_rate": 1e-9, "batch_tokens": 200},
        "vectors": {"width": 8, "method": "none"},
    }


def test_raw_text_and_labels_in_one_recipe(tree: dict[str, Any], tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert [step.stage for step in plan(check_recipe(tree, "r"), home)][:3] == ["corpus", "pretraining", "vocabulary"]
    model = pipeline.train(tree)
    recipe = read_recipe(model.folder)
    encoder = Path(recipe.training.start_encoder_from)
    assert encoder.parent == home / "artifacts" / "pretraining"
    learned = read_checkpoint(read_recipe(encoder).model, encoder, "masked")
    for name, weight in learned.encoder.state_dict().items():
        assert model.generator.model.encoder.state_dict()[name].allclose(weight, atol=1e-5), name
    assert "▁rareword" in load_vocabularies(model.folder)[0].tokens
    rows = [read_split(folder.parent, "train") for folder in home.glob("artifacts/corpus/*/manifest.json")]
    raw = max(rows, key=len)
    assert set(raw["source_name"]) == {"sources", "raw1"}
    assert not raw["source"].str.contains("held out").any(), "a held-out text is not learned from without its label"
    steps = plan(check_recipe(tree, "r"), home)
    assert [step.stage for step in steps if step.cached] == [
        *("corpus", "pretraining", "vocabulary", "vectors", "dataset", "training")
    ]
    other = tree | {"pretraining": {"corpus": ["labels.txt"], "epochs": 1}}
    assert [step.told for step in plan(check_recipe(other, "r"), home)][:3] == ["cached", "will run", "will run"]


def test_a_pretraining_that_was_killed_goes_on(
    tree: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = check_recipe(tree | {"pretraining": {"corpus": ["raw.txt"], "epochs": 3}}, "r")

    def killed(row: Mapping[str, float]) -> None:
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "_unobserved", killed)
    with pytest.raises(KeyboardInterrupt):
        pipeline.train(recipe)
    monkeypatch.setattr(pipeline, "_unobserved", dict)
    assert plan(recipe, tmp_path / "home")[1].told.startswith("continues from update")
    pipeline.train(recipe)
    assert plan(recipe, tmp_path / "home")[1].told == "cached"


@pytest.mark.parametrize("encoder", ["cnn", "transformer", "lstm"])
def test_every_encoder_and_both_kinds_of_vocabulary(encoder: str, tmp_path: Path) -> None:
    for shared in (False, True):
        adapted = adapt(
            check_recipe(
                {
                    "name": "x" * 100,
                    "corpus": {"train": ["a.tsv"]},
                    "pretraining": {"corpus": ["b", "c"]},
                    "model": {"encoder": encoder, "decoder": "transformer", "copy_attention": shared},
                    "vocabulary": {"kind": "bpe", "shared": shared},
                },
                "r",
            ),
            facts_of(1000),
        ).recipe
        raw = pretraining_recipe(adapted, adapted, tmp_path, {"whitespace": "keep"})
        assert raw is not None
        assert (raw.model.encoder, raw.model.encoder_width) == (encoder, adapted.model.encoder_width)
        names = [source.name for source in raw.corpus.sources]
        assert names == ["raw1", "raw2", *(["targets"] if shared else [])]
        assert raw.corpus.whitespace == "keep"
        assert len(raw.name) <= 100


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"training": {"start_from": "models:/a/1"}}, "training.start_from and pretraining.corpus exclude each other"),
        ({"training": {"objective": "masked"}, "task": "translation", "model": {}}, "objective masked and pretraining"),
        ({"corpus": {"train": ["a"], "features": "f"}}, "corpus.features and pretraining.corpus exclude each other"),
        ({"task": "generation", "model": {}, "corpus": {"train": ["a"], "format": "running"}}, "task generation and"),
        ({"pretraining": {"epochs": 3}}, "epochs are passes over raw text, and there is none"),
    ],
)
def test_what_no_encoder_can_be_learned_for(tree: dict[str, Any], change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_recipe(tree | change, "recipe")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"missing.txt: no such file \(looked in .*\); correct pretraining.corpus"),
        (b"", r"missing.txt: the file is empty; fill it, or correct pretraining.corpus"),
        (b"one text\n", r"pretraining.corpus: \d+ different texts, with the training sources, are too few"),
        (b"\xfa\xfb\n" * 90, "missing.txt"),
        (b"PAR1", "missing.txt"),
    ],
)
def test_raw_text_that_is_none(tree: dict[str, Any], tmp_path: Path, content: bytes | None, sentence: str) -> None:
    """Before anything is trained: `seqloom check` reads it to the end."""
    if content is not None:
        (tmp_path / "missing.txt").write_bytes(content)
    recipe = check_recipe(tree | {"pretraining": {"corpus": ["missing.txt"]}}, "recipe")
    with pytest.raises(UserError, match=sentence):
        check_recipe_and_files(recipe, tmp_path / "home", unwatched)
    with pytest.raises(UserError, match=sentence):
        pipeline.train(recipe)


@pytest.mark.parametrize(
    ("ending", "called"), [("csv", "a CSV file"), ("jsonl", "a JSONL file"), ("parquet", "Parquet")]
)
def test_raw_text_is_no_table(tree: dict[str, Any], tmp_path: Path, ending: str, called: str) -> None:
    """Its lines would be learned with all columns and quotation marks."""
    (tmp_path / f"raw.{ending}").write_bytes((b"PAR1" if ending == "parquet" else b'"a","b"\n') * 200)
    recipe = check_recipe(tree | {"pretraining": {"corpus": [f"raw.{ending}"]}}, "recipe")
    with pytest.raises(UserError, match=rf"raw.{ending}: is .*{called}.*pretraining.corpus names files with a text on"):
        check_recipe_and_files(recipe, tmp_path / "home", unwatched)


def test_one_encoder_is_enough(tree: dict[str, Any]) -> None:
    both = check_recipe(tree | {"training": {"start_encoder_from": "folder"}}, "recipe")
    with pytest.raises(UserError, match="remove one of them"):
        check_resources(both)
    with pytest.raises(UserError, match="remove one of them"):
        pipeline.train(both)


def test_an_encoder_is_no_version() -> None:
    corpus = {"train": ["raw.txt"], "format": "texts"}
    tree = {"name": "x", "task": "reconstruction", "corpus": corpus, "training": {"objective": "masked"}}
    with pytest.raises(UserError, match="writes nothing back, so there is no version to register"):
        check_resources(check_recipe(tree, "recipe"))


def test_another_encoder_is_another_vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the vocabulary depends on the encoder's, and on no file that happens to lie here."""
    monkeypatch.chdir(tmp_path)
    keys = []
    for content in ("", "one", "two"):
        (tmp_path / "source.json").write_text(content)
        start = str(tmp_path) if content else ""
        tree = {"name": "x", "corpus": {"train": ["a"]}, "training": {"start_encoder_from": start}}
        keys.append(VOCABULARY.key(check_recipe(tree, "recipe"), ["corpus"]))
    (tmp_path / "source.json").write_text("three")
    plain = check_recipe({"name": "x", "corpus": {"train": ["a"]}}, "recipe")
    assert len(set(keys)) == 3
    assert VOCABULARY.key(plain, ["corpus"]) == keys[0]
