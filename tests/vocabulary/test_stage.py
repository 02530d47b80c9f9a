"""The vocabulary stage, over a small corpus folder."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.vocabulary.special_tokens import UNKNOWN
from seqloom.vocabulary.stage import build_vocabulary, extended, load_vocabularies
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary

TRAIN = {
    "source": ["the dog runs", "the dogs run", "a dog"] * 4,
    "target": ["der Hund läuft", "die Hunde", "ein Hund"] * 4,
}
VALIDATION = {"source": ["the cat runs", "the dog"], "target": ["die Katze", "der Hund"]}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for split, rows in {"train": TRAIN, "validation": VALIDATION, "test": VALIDATION}.items():
        pd.DataFrame(rows).to_parquet(folder / f"{split}.parquet", index=False)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "vocabulary"
    made.mkdir()
    return made


def test_each_side_learns_from_its_own_text(corpus: Path, folder: Path) -> None:
    facts = build_vocabulary(schema.VocabularySection(kind="word", size=8000), corpus, folder, unwatched)
    source, target = load_vocabularies(folder)
    assert "▁dog" in source.tokens
    assert "▁dog" not in target.tokens
    assert facts["size"] == {"source": len(source), "target": len(target)}
    assert facts["tokens"] == {"source": 32, "target": 28}
    assert facts["unknown"] == {"source": 0.2, "target": 0.25}  # cat of five words, Katze of four
    assert facts["longest"]["target"][0] in ("▁Hunde", "▁läuft")


def test_a_shared_vocabulary_is_one_for_both(corpus: Path, folder: Path) -> None:
    facts = build_vocabulary(schema.VocabularySection(kind="bpe", size=300, shared=True), corpus, folder, unwatched)
    source, target = load_vocabularies(folder)
    assert source.tokens == target.tokens
    assert source.decode(source.encode(["der dog läuft"])) == ["der dog läuft"]
    assert facts["unknown"] == {"source": 0.0, "target": 0.0}
    assert 0 < facts["tokens_per_character"]["source"] < 1


def test_counts_are_of_the_training_split_row_by_row_with_the_vocabulary(corpus: Path, folder: Path) -> None:
    facts = build_vocabulary(schema.VocabularySection(kind="word", size=8000), corpus, folder, unwatched)
    counts = pd.read_parquet(folder / "counts.parquet")
    for side, vocabulary in zip(("source", "target"), load_vocabularies(folder), strict=True):
        of_side = counts[counts["side"] == side]
        assert of_side["token"].tolist() == vocabulary.tokens
        assert of_side["id"].tolist() == list(range(len(vocabulary)))
        assert of_side["count"].sum() == facts["tokens"][side]
        assert of_side["count"].iloc[UNKNOWN] == 0
    assert counts.loc[counts["token"] == "▁dog", "count"].tolist() == [8]


def test_progress_ends_at_the_last_row(corpus: Path, folder: Path) -> None:
    calls: list[tuple[int, int | None, str]] = []
    build_vocabulary(
        schema.VocabularySection(kind="char", size=300), corpus, folder, lambda *call, **_: calls.append(call[:3])
    )
    assert calls[0] == (12, 12, "rows")
    assert calls[-1] == (2, 2, "rows")


def test_a_parents_words_keep_their_ids_and_new_ones_stand_behind() -> None:
    section = schema.VocabularySection(kind="word", size=12, min_frequency=1)
    old = train_vocabulary({"▁a": 3, "▁dog": 2}, section)
    new = train_vocabulary({"▁cow": 9, "▁dog": 2, "▁bee": 1}, section)
    both = extended(old, new, section)
    assert both.tokens == [*old.tokens, "▁cow", "▁bee"]
    assert both.decode(both.encode(["a cow dog bee"])) == ["a cow dog bee"]
    assert extended(old, new, section.model_copy(update={"size": 8})).tokens == [*old.tokens, "▁cow", "▁bee"]
    assert extended(old, new, section.model_copy(update={"size": 4})).tokens == old.tokens


@pytest.mark.parametrize("kind", ["bpe", "unigram", "char", "decomposed"])
def test_a_parent_that_can_spell_anything_stays_as_it_is(kind: str) -> None:
    section = schema.VocabularySection(kind=kind, size=300, min_frequency=1)
    old, new = (train_vocabulary({word: 3}, section) for word in ("▁dog", "▁鲸鱼"))
    assert extended(old, new, section) is old
    assert old.decode(old.encode(["鲸鱼 dog"])) == ["鲸鱼 dog"]


def test_the_most_frequent_tokens_are_shown_first_and_only_those_that_occur(corpus: Path, folder: Path) -> None:
    facts = build_vocabulary(schema.VocabularySection(kind="word", size=8000), corpus, folder, unwatched)
    shown = facts["frequent"]["source"]
    assert dict(map(tuple, shown)) == {"▁the": 8, "▁dog": 8, "▁runs": 4, "▁dogs": 4, "▁run": 4, "▁a": 4}
    assert [count for _, count in shown] == [8, 8, 4, 4, 4, 4]
    assert pq.read_schema(folder / "counts.parquet").names == ["side", "id", "token", "count"]


def test_of_texts_without_a_word_nothing_is_unknown(corpus: Path, folder: Path) -> None:
    pd.DataFrame({"source": ["", " "], "target": ["", ""]}).to_parquet(corpus / "validation.parquet", index=False)
    facts = build_vocabulary(schema.VocabularySection(kind="word", size=8000), corpus, folder, unwatched)
    assert facts["unknown"] == {"source": 0.0, "target": 0.0}
