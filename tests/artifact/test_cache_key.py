"""Which change of a recipe reruns which stage."""

import ast
from pathlib import Path
from typing import Any

import pytest

from seqloom.artifact import cache_key as stages
from seqloom.artifact import library_versions
from seqloom.artifact.cache_key import ENSEMBLE, PRETRAINING, STAGES, TEACHING, TRAINING
from seqloom.artifact.library_versions import UNICODE, _version
from seqloom.recipe.schema import Recipe
from tests.models.plain import plain_recipe

NAMES = [stage.name for stage in STAGES]
TEXTS = [("corpus.target_column", "source"), ("model.attention", "none")]  # as reconstruction wants it


def recipe_with(*changes: tuple[str, Any]) -> Recipe:
    tree: dict[str, Any] = {"name": "small", "corpus": {"train": ["a.tsv"]}}
    for place, value in changes:
        *sections, field = place.split(".")
        part = tree
        for section in sections:
            part = part.setdefault(section, {})
        part[field] = value
    return plain_recipe(tree)


def keys(recipe: Recipe) -> dict[str, str]:
    """Every stage's key, as if the digest of an artifact were the key of its stage."""
    known: dict[str, str] = {}
    for stage in STAGES:
        known[stage.name] = stage.key(recipe, [known[name] for name in stage.reads])
    return known


def rerun(before: Recipe, after: Recipe) -> list[str]:
    old, new = keys(before), keys(after)
    return [name for name in NAMES if old[name] != new[name]]


@pytest.mark.parametrize(
    ("place", "value", "first"),
    [
        ("corpus.max_characters", 500, "corpus"),
        ("corpus.source_column", "text", "corpus"),
        ("vocabulary.size", 500, "vocabulary"),
        ("decoding.beam_size", 2, "evaluation"),
        ("evaluation.examples", 2, "evaluation"),
        ("name", "other", "registry"),
        ("registry.description", "other", "registry"),
        ("registry.license", "MIT", "registry"),
        ("registry.significance", 0.01, "gate"),
        ("registry.policy", "not-worse", "gate"),
    ],
)
def test_a_change_reruns_its_stage_and_those_after_it(place: str, value: Any, first: str) -> None:
    assert rerun(recipe_with(), recipe_with((place, value))) == NAMES[NAMES.index(first) :]


def test_a_teacher_reads_no_corpus_again() -> None:
    taught = (("corpus.teacher", "models:/back/1"), ("corpus.monolingual_target", ["b.txt"]))
    assert rerun(recipe_with(), recipe_with(*taught)) == [], "what it adds is an input of the stages after it"
    cleaned = recipe_with(*taught, ("corpus.max_characters", 50))
    assert TEACHING.key(recipe_with(*taught), ["a"]) != TEACHING.key(cleaned, ["a"])
    assert {"distillation", "batch_inference", "decoding", "models"} <= {*TEACHING.code}, "what answers"
    assert "torch" in TEACHING.versions(recipe_with(*taught))


def test_all_that_decides_which_answers_are_kept_is_in_the_key_of_a_teacher() -> None:
    """Code that another package has is in no digest, and sacreBLEU is in the key by its version."""
    imported = set[str]()
    for file in (Path(stages.__file__).parents[1] / "distillation").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("seqloom."):
                imported.add(str(node.module).split(".")[1])
    shared = {"artifact", "errors", "progress", "recipe", "url_mask"}  # folders, sentences and settings
    assert imported - shared - {"training"} <= {*TEACHING.code}, "training says which device there is"


@pytest.mark.parametrize("change", [("vectors.width", 64), ("vectors.method", "none")])
def test_other_vectors_encode_no_batch_again(change: tuple[str, Any]) -> None:
    assert rerun(recipe_with(), recipe_with(change)) == ["vectors", "training", "evaluation", "registry", "gate"]


@pytest.mark.parametrize(
    "change", [("training.learning_rate", 0.5), ("model.attention", "none"), ("training.batch_tokens", 64)]
)
def test_another_learning_rate_learns_no_vectors_again(change: tuple[str, Any]) -> None:
    assert rerun(recipe_with(), recipe_with(change)) == ["training", "evaluation", "registry", "gate"]


@pytest.mark.parametrize(
    ("fixed", "change", "first"),
    [
        ([("training.select_by", "bleu")], ("decoding.max_length", 9), "training"),
        ([*TEXTS, ("training.select_by", "bleu")], ("task", "reconstruction"), "training"),
        ([("training.select_by", "bleu")], ("decoding.beam_size", 9), "evaluation"),  # validation is greedy
        ([("training.select_by", "loss")], ("decoding.max_length", 9), "evaluation"),
        ([*TEXTS, ("training.select_by", "loss")], ("task", "reconstruction"), "evaluation"),
        (
            [("task", "sentiment"), ("model.decoder", "classifier"), ("training.select_by", "accuracy")],
            ("decoding.max_length", 9),
            "evaluation",
        ),
    ],
)
def test_what_answers_choose_the_epoch_by(fixed: list[tuple[str, Any]], change: tuple[str, Any], first: str) -> None:
    assert rerun(recipe_with(*fixed), recipe_with(*fixed, change)) == NAMES[NAMES.index(first) :]


@pytest.mark.parametrize("place", ["train", "validation", "test"])
def test_files_of_the_corpus_count_by_their_digests_and_not_by_name(place: str) -> None:
    corpus = STAGES[0]
    before, after = recipe_with(), recipe_with((f"corpus.{place}", ["elsewhere/b.tsv"]))
    assert rerun(before, after) == []
    assert corpus.key(before, ["0" * 64]) != corpus.key(before, ["1" * 64])


def test_pretrained_files_count_by_their_content_and_not_by_name(tmp_path: Path) -> None:
    def keys_with(name: str, content: str) -> dict[str, str]:
        (tmp_path / name).write_text(content, encoding="utf-8")
        changes = ("vectors.method", "pretrained"), ("vectors.source_file", str(tmp_path / name))
        return keys(recipe_with(*changes))

    before = keys_with("glove.txt", "a 1 2\n")
    assert keys_with("moved.txt", "a 1 2\n") == before
    assert keys_with("glove.txt", "a 1 3\n")["vectors"] != before["vectors"]


def test_inputs_in_another_order_are_other_inputs() -> None:
    for stage in STAGES:
        assert stage.key(recipe_with(), ["a", "b"]) != stage.key(recipe_with(), ["b", "a"])


def test_stages_stand_in_order_and_share_no_key() -> None:
    for place, stage in enumerate(STAGES):
        assert set(stage.reads) <= set(NAMES[:place])
    assert len(set(keys(recipe_with()).values())) == len(STAGES)


def test_an_ensemble_is_timed_by_its_own_search() -> None:
    before, after = (ENSEMBLE.key(recipe_with(*more), ["a"]) for more in ((), [("decoding.beam_size", 2)]))
    assert before != after
    assert ENSEMBLE.key(recipe_with(("training.learning_rate", 0.5)), ["a"]) == before, "nothing is trained"
    assert {"decoding", "models"} <= {*ENSEMBLE.code}


def test_every_section_is_obeyed_by_some_stage() -> None:
    obeyed = {section for stage in (*STAGES, PRETRAINING, TEACHING) for section in stage.sections}
    assert set(Recipe.model_fields) <= obeyed


def test_other_weights_to_start_from_train_again_wherever_they_lie(tmp_path: Path) -> None:
    for name, content in (("one", b"1"), ("two", b"2"), ("three", b"1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").write_bytes(content)
    one, two, three = (
        recipe_with(("training.start_encoder_from", str(tmp_path / name))) for name in ("one", "two", "three")
    )
    assert rerun(one, two) == ["training", "evaluation", "registry", "gate"]
    assert rerun(one, three) == []


@pytest.mark.parametrize("change", [("slice_by", ["product"]), ("adversarial_budget", 9), ("similarity_file", "a.txt")])
def test_another_look_at_the_answers_asks_for_no_training(change: tuple[str, Any]) -> None:
    looked = rerun(recipe_with(), recipe_with((f"evaluation.{change[0]}", change[1])))
    assert looked == ["evaluation", "registry", "gate"]


def test_another_form_is_made_of_the_same_version_by_the_same_verdict() -> None:
    assert rerun(recipe_with(), recipe_with(("registry.backend", "torch-int8"))) == []


def test_the_code_of_every_package_that_makes_something_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: set[str] = set()
    monkeypatch.setattr(stages, "digest_of_code", lambda packages: str(counted.update(packages)))
    keys(recipe_with())
    above = {"recipe", "artifact", "batch_inference", "cli", "stack"}  # settings, folders, what makes no version
    above |= {"distillation", "feedback", "reports", "serving", "tuning"}  # what is before or after one
    library = {path.name for path in Path(stages.__file__).parents[1].iterdir() if (path / "__init__.py").exists()}
    assert counted == library - above


DECIDES = {
    "babel": "corpus",
    "pandas": "corpus",
    "tokenizers": "vocabulary",
    "rjieba": "vocabulary",
    "gensim": "vectors",
    "scipy": "vectors",  # whose BLAS does the sums of gensim
    "numpy": "vectors",
    "torch": "training",
    "sacrebleu": "evaluation",
    "rouge-score": "evaluation",
    "scikit-learn": "evaluation",
}
"""By library, the first stage that another version of it does otherwise."""


@pytest.mark.parametrize(("library", "first"), DECIDES.items())
def test_another_version_of_a_library_makes_anew_what_it_decides(
    library: str, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, kin = keys(recipe_with()), TRAINING.unversioned_key(recipe_with(), ["a"])
    monkeypatch.setattr(library_versions, "_version", lambda name: "0" if name == library else _version(name))
    after = keys(recipe_with())
    changed = [name for name in NAMES if before[name] != after[name]]
    assert changed[0] == first
    assert changed[-3:] == ["evaluation", "registry", "gate"]
    assert TRAINING.unversioned_key(recipe_with(), ["a"]) == kin


@pytest.mark.parametrize(
    ("library", "change", "stage"),
    [
        ("gensim", ("vectors.method", "none"), "vectors"),
        ("scipy", ("vectors.method", "none"), "vectors"),
        ("sacrebleu", ("training.select_by", "loss"), "training"),
        ("matplotlib", ("name", "a"), "gate"),
    ],
)
def test_a_library_that_decides_nothing_makes_nothing_anew(
    library: str, change: tuple[str, Any], stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_with(change)
    before = keys(recipe)
    monkeypatch.setattr(library_versions, "_version", lambda name: "0" if name == library else _version(name))
    assert keys(recipe)[stage] == before[stage]


def test_scores_that_choose_the_epoch_decide_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_with(("training.select_by", "bleu"))
    before = keys(recipe)
    monkeypatch.setattr(library_versions, "_version", lambda name: "0" if name == "sacrebleu" else _version(name))
    assert keys(recipe)["training"] != before["training"]


@pytest.mark.parametrize("stage", ["corpus", "vectors", "evaluation"])
def test_letters_decide_what_is_cleaned_looked_up_and_counted(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = (("vectors.method", "pretrained"), ("vectors.source_file", "glove.txt"))
    before = keys(recipe_with(*changes))
    monkeypatch.setattr(library_versions, "_version", lambda name: "0" if name == UNICODE else _version(name))
    known = next(each for each in STAGES if each.name == stage)
    assert UNICODE in known.versions(recipe_with(*changes))
    assert keys(recipe_with(*changes))[stage] != before[stage]


def test_positions_count_as_they_are_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """What auto means is code of the recipe's, which no stage counts."""
    recipe, named = recipe_with(), recipe_with(("model.positions", "sinusoidal"))
    assert rerun(recipe, named) == []
    before = keys(recipe)
    monkeypatch.setattr(stages, "positions_of", lambda _: "rotary")
    assert keys(recipe)["training"] != before["training"]


def test_a_build_for_a_gpu_is_the_same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_versions, "version", lambda _: "2.13.0+cu128")
    _version.cache_clear()
    try:
        assert library_versions.library_versions(["torch"]) == {"torch": "2.13.0"}
    finally:
        _version.cache_clear()


def test_what_is_not_installed_has_a_version_too() -> None:
    assert library_versions.library_versions(["no-such-thing"]) == {"no-such-thing": "absent"}
