"""Labels are the corpus's own, and each is one token."""

from pathlib import Path

import pandas as pd
import pytest

from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.vocabulary.labels import MAX_LABELS, labels_of
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, UNKNOWN
from seqloom.vocabulary.stage import build_vocabulary, extended, load_vocabularies
from seqloom.vocabulary.vocabulary import Vocabulary

LABELS = ["0", "<0x41>", "</S>", "so so", "très bien", "很 好"]


def write(folder: Path, **splits: list[str]) -> Path:
    folder.mkdir()
    for split in ("train", "validation", "test"):
        labels = splits.get(split, splits["train"][:1])
        rows = {"source": "a room", "target": labels, "origin": f"{split}.csv", "line": range(2, len(labels) + 2)}
        pd.DataFrame(rows).to_parquet(folder / f"{split}.parquet")
    return folder


def test_every_label_is_one_token_and_comes_back(tmp_path: Path) -> None:
    Vocabulary.labels(LABELS).save(tmp_path / "target.json")
    vocabulary = Vocabulary.load(tmp_path / "target.json")
    assert vocabulary.of_labels
    ids = vocabulary.encode([*LABELS, "never seen"])
    assert [len(each) for each in ids] == [1] * 7
    assert vocabulary.decode(ids[:6]) == LABELS
    assert ids[6] == [UNKNOWN]
    assert not Vocabulary.of_words([*SPECIAL_TOKENS, "a"]).of_labels


def test_labels_of_a_corpus(tmp_path: Path) -> None:
    corpus = write(tmp_path / "corpus", train=["so so", "good", "so so", "bad"])
    assert labels_of(corpus) == ["bad", "good", "so so"]
    (tmp_path / "made").mkdir()
    section = schema.VocabularySection(kind="char", size=300, min_frequency=1)
    facts = build_vocabulary(section, corpus, tmp_path / "made", unwatched, labeled=True)
    source, target = load_vocabularies(tmp_path / "made")
    assert target.tokens == [*SPECIAL_TOKENS, "bad", "good", "so so"]
    assert not source.of_labels
    assert facts["tokens"]["target"] == 4
    assert facts["unknown"]["target"] == 0


def test_new_labels_stand_behind_the_old_ones() -> None:
    old, new = Vocabulary.labels(["good", "bad"]), Vocabulary.labels(["bad", "so so"])
    assert extended(old, new, schema.VocabularySection(size=8000)).tokens == [*SPECIAL_TOKENS, "good", "bad", "so so"]


@pytest.mark.parametrize(
    ("splits", "told"),
    [
        ({"train": ["good", "good"]}, "a single label, 'good', and nothing to tell apart"),
        (
            {"train": ["good", "bad"], "test": ["good", "ugly", "ugly"]},
            r"test.csv line 3: label 'ugly' of the test split occurs in no training row (2 such rows; the labels are "
            "bad, good)",
        ),
        ({"train": ["good", "</s>"]}, "the label </s> is a sign of Seqloom's own: call it something else"),
        ({"train": ["good", "bad"], "validation": ["ugly"]}, "of the validation split"),
        (
            {"train": [f"text {n}" for n in range(MAX_LABELS + 1)]},
            "these look like texts; correct corpus.target_column",
        ),
    ],
)
def test_labels_that_nothing_can_be_learned_from(tmp_path: Path, splits: dict[str, list[str]], told: str) -> None:
    with pytest.raises(UserError) as caught:
        labels_of(write(tmp_path / "corpus", **splits))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hundreds_of_labels_may_be_told_apart(tmp_path: Path) -> None:
    labels = [f"label {number:03}" for number in range(900)]
    assert labels_of(write(tmp_path / "corpus", train=labels)) == labels


def test_a_sentence_shows_ten_labels_and_the_beginning_of_a_long_one(tmp_path: Path) -> None:
    labels = [f"{number:02}" + "x" * 60 for number in range(12)]
    with pytest.raises(UserError) as caught:
        labels_of(write(tmp_path / "corpus", train=labels, test=["y" * 60]))
    told = str(caught.value)
    assert all(f"{number:02}" + "x" * 38 in told for number in range(10))
    assert f"09{'x' * 38}, …" in told
    assert "x" * 39 not in told
    assert "'" + "y" * 39 in told
    assert "y" * 40 not in told
