"""The vectors that a report shows are those by which the model reads, of the words that its training text has."""

from pathlib import Path

import pytest

from seqloom.dataset.sequences import write_sequences
from seqloom.evaluation.word_vectors import intrinsic_metrics, word_vectors
from seqloom.recipe.schema import EvaluationSection
from tests.evaluation.test_exposure import learner


@pytest.mark.parametrize(
    ("kind", "side"), [("pairs", "source"), ("decoder alone", "target"), ("language model", "target")]
)
def test_the_commonest_words_come_first(kind: str, side: str, tmp_path: Path) -> None:
    generator, _ = learner(kind, tmp_path / "model")
    vocabulary = generator.source if side == "source" else generator.target
    ids = vocabulary.encode(["canary canary number", "canary of the number is"])
    for name in ("train.source", "train.target"):
        write_sequences(tmp_path / name, [ids])
    (pairs := tmp_path / "pairs.txt").write_text("the of 3\nis canary 1\nnumber of 2\n", encoding="utf-8")
    found = word_vectors(generator, tmp_path, EvaluationSection(similarity_file=str(pairs)))
    assert found["side"] == side
    assert [each["word"] for each in found["words"]][:2] == ["canary", "number"]
    assert len(found["words"]) == 5
    assert next(iter(found["neighbors"])) == "▁canary"
    assert intrinsic_metrics(found) == {"similarity": found["similarity"]["spearman"]}
    assert intrinsic_metrics({}) == {}
