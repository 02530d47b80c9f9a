"""Strings with several right answers, and vocabularies of different kinds on the two sides."""

from pathlib import Path

import pytest

from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.progress import unwatched
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies

WORDS = [f"{first}{middle}{last}" for first in "bdgk" for middle in "aeio" for last in "mnst"]


def test_each_of_several_references_is_right() -> None:
    test = EvalSet(["either", "either", "no"], ["iː ð ə", "aɪ ð ə", "n oʊ"])
    judge, replies = evaluator_of("transduction"), {"prediction": ["aɪ ð ə", "aɪ ð ə", "n o"]}
    scores = {name: score.value for name, score in judge.scores(replies, test).items()}
    assert scores["exact_match"] == pytest.approx(2 / 3)
    assert scores["symbol_error_rate"] == pytest.approx(1 / 8)
    assert judge.by_row(replies, test)["exact"] == [True, True, False]


def test_characters_go_in_and_symbols_come_out(tmp_path: Path) -> None:
    """Spaces between phonemes are found, and each phoneme is one token, however many characters it has."""
    rows = [f"{word}\t{' '.join(letter + 'ː' for letter in word)}" for word in WORDS]
    (tmp_path / "g2p.tsv").write_text("\n".join(["source\ttarget", *rows]), encoding="utf-8")
    corpus = {"train": [str(tmp_path / "g2p.tsv")], "max_characters": 50}
    recipe = check_recipe({"name": "a", "task": "g2p", "corpus": corpus}, "recipe")
    for name in ("corpus", "vocabulary"):
        (tmp_path / name).mkdir()
    facts = build_corpus(recipe.corpus, locate(recipe.corpus, tmp_path), tmp_path / "corpus", unwatched)
    section = adapt(recipe, facts).recipe.vocabulary
    assert (section.kind, section.target_kind, section.min_frequency) == ("char", "spaced", 1)
    build_vocabulary(section, tmp_path / "corpus", tmp_path / "vocabulary", unwatched)
    source, target = load_vocabularies(tmp_path / "vocabulary")
    [letters], [sounds] = source.encode(["bam"]), target.encode(["bː aː mː"])
    assert (len(letters), len(sounds)) == (len("▁bam"), 3)
    assert target.decode([sounds]) == ["bː aː mː"]


def test_one_vocabulary_has_one_kind() -> None:
    vocabulary = {"kind": "char", "target_kind": "spaced", "shared": True}
    with pytest.raises(UserError, match="set shared to false, or target_kind to same"):
        check_recipe({"name": "a", "corpus": {"train": ["x"]}, "vocabulary": vocabulary}, "recipe")
