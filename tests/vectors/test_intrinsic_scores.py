"""Similarity and analogies on known tables, with words that the vocabulary lacks; files that are none."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from seqloom.errors import UserError
from seqloom.recipe.schema import EvaluationSection
from seqloom.vectors.intrinsic_files import check_analogy_file, check_score_files, check_similarity_file
from seqloom.vectors.intrinsic_scores import intrinsic_scores

WORDS = ["king", "queen", "man", "woman", "boy", "girl", "one", "two"]
TOKENS = ["<pad>", "<unk>", "<s>", "</s>", *(f"▁{word}" for word in WORDS), "ing"]
# one axis for age and rank, one for sex, one that tells numbers apart
VECTORS = {
    "king": (3, 1, 0), "queen": (3, -1, 0), "man": (2, 1, 0), "woman": (2, -1, 0), "boy": (0.8, 1, 0),
    "girl": (0.8, -1, 0), "one": (0, 0.1, 1), "two": (0.1, 0, 1),
}  # fmt: skip
MATRIX = np.array([[0.1] * 3] * 4 + [VECTORS[word] for word in WORDS] + [[0.5] * 3], np.float32)
COUNTS = np.array([0, 0, 0, 0, *range(20, 12, -1), 5])


@pytest.mark.parametrize("between", ["\t", " "])
def test_similarity_is_the_rank_correlation_of_the_cosines(between: str, tmp_path: Path) -> None:
    pairs = [("king", "Queen", 7.5), ("man", "woman", 8.1), ("boy", "one", 0.3), ("two", "one", 9.0), ("king", "x", 5)]
    text = "# a comment\n" + "".join(f"{between.join(map(str, pair))}\n" for pair in pairs)
    (path := tmp_path / "pairs.txt").write_text(text, encoding="utf-8")
    check_similarity_file(path, "f")
    found = intrinsic_scores(TOKENS, MATRIX, COUNTS, path, None)["similarity"]
    cosines = [
        np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b)
        for a, b in ((np.array(VECTORS[one]), np.array(VECTORS[other.lower()])) for one, other, _ in pairs[:4])
    ]
    expected = spearmanr(cosines, [value for *_, value in pairs[:4]]).statistic
    assert found == {"file": "pairs.txt", "pairs": 5, "known": 4, "spearman": pytest.approx(expected, abs=1e-4)}


def solved(one: str, to: str, other: str, wanted: str) -> bool:
    """3CosAdd (Mikolov et al. 2013) by hand: the word whose direction is nearest to to - one + other."""
    unit = {word: np.array(VECTORS[word]) / np.linalg.norm(VECTORS[word]) for word in WORDS}
    place = unit[to] - unit[one] + unit[other]
    return max(set(WORDS) - {one, to, other}, key=lambda word: float(unit[word] @ place)) == wanted


def test_analogies_are_counted_by_section(tmp_path: Path) -> None:
    text = ": family\nman woman king queen\nman woman boy girl\n: numbers\none two king queen\nman x king queen\n"
    (path := tmp_path / "questions.txt").write_text(text, encoding="utf-8")
    check_analogy_file(path, "f")
    found = intrinsic_scores(TOKENS, MATRIX, COUNTS, None, path)["analogies"]
    assert (found["questions"], found["known"]) == (4, 3)
    asked = [("man", "woman", "king", "queen"), ("man", "woman", "boy", "girl"), ("one", "two", "king", "queen")]
    right = [solved(*each) for each in asked]
    assert found["sections"] == [
        {"name": "family", "right": sum(right[:2]), "known": 2},
        {"name": "numbers", "right": int(right[2]), "known": 1},
    ]
    assert found["accuracy"] == pytest.approx(sum(right) / 3, abs=1e-4)
    assert 0 < sum(right) < 3


def test_words_of_another_language_give_no_score_and_no_error(tmp_path: Path) -> None:
    (pairs := tmp_path / "pairs.txt").write_text("Hund\tKatze\t5\n", encoding="utf-8")
    (questions := tmp_path / "questions.txt").write_text(": a\na b c d\n", encoding="utf-8")
    assert intrinsic_scores(TOKENS, MATRIX, COUNTS, pairs, questions) == {
        "similarity": {"file": "pairs.txt", "pairs": 1, "known": 0},
        "analogies": {"file": "questions.txt", "questions": 1, "known": 0},
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\tb\t5\nc\td\n", "line 2: is not two words and a number"),
        ("a\tb\tfar\n", "line 1: is not two words and a number"),
        ("a\tb\t5\na b 5\n", "line 2: is not two words and a number"),
        ("a\tb\tnan\n", "line 1: is not two words and a number"),
        ("a\tb\t5\nc\td\t5.0\n", "all pairs are as similar"),
        ("\n\n", "has no lines"),
    ],
)
def test_a_file_of_pairs_that_is_none(text: str, told: str, tmp_path: Path) -> None:
    (path := tmp_path / "pairs.txt").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"pairs.txt:? {told}.*evaluation.similarity_file"):
        check_similarity_file(path, "evaluation.similarity_file")


@pytest.mark.parametrize("text", ["a b c d\n", "# x\n: a\na b c d\n", ": a\na b c\n"])
def test_a_file_of_analogies_that_is_none(text: str, tmp_path: Path) -> None:
    (path := tmp_path / "questions.txt").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"questions.txt line .: is not four words"):
        check_analogy_file(path, "f")


def test_a_file_of_titles_alone(tmp_path: Path) -> None:
    (path := tmp_path / "questions.txt").write_text(": a\n: b\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"questions.txt: has titles and no line of four words"):
        check_score_files(EvaluationSection(analogy_file=str(path)))


def test_a_byte_order_mark_changes_nothing(tmp_path: Path) -> None:
    pairs = "king\tqueen\t7\nman\twoman\t8\nboy\tone\t1\n"
    (similar := tmp_path / "pairs.txt").write_text(pairs, encoding="utf-8-sig")
    (analogies := tmp_path / "questions.txt").write_text(": a\nman woman king queen\n", encoding="utf-8-sig")
    check_score_files(EvaluationSection(similarity_file=str(similar), analogy_file=str(analogies)))
    found = intrinsic_scores(TOKENS, MATRIX, COUNTS, similar, analogies)
    assert (found["similarity"]["known"], found["analogies"]["known"]) == (3, 1)
    assert "spearman" in found["similarity"]


@pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning")
def test_known_pairs_that_are_all_as_similar_have_no_correlation(tmp_path: Path) -> None:
    pairs = "king\tqueen\t7\nman\twoman\t7\nboy\tone\t7\na\tb\t1\n"
    (path := tmp_path / "pairs.txt").write_text(pairs, encoding="utf-8")
    check_similarity_file(path, "f")
    assert intrinsic_scores(TOKENS, MATRIX, COUNTS, path, None)["similarity"] == {
        "file": "pairs.txt", "pairs": 4, "known": 3,
    }  # fmt: skip


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (path := tmp_path / "pairs.txt").write_bytes(b"a\tb\t5\n\xff\tb\t5\n")
    with pytest.raises(UserError, match=r"pairs.txt line 2: is not UTF-8"):
        check_similarity_file(path, "f")
    with pytest.raises(UserError, match=r"none.txt: cannot be read"):
        check_similarity_file(tmp_path / "none.txt", "f")
