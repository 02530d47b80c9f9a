"""A vocabulary for which most of the validation text is unknown is refused; much of it warns."""

from pathlib import Path

import pytest

from seqloom.corpus.corpus_files import CorpusWriter
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.vocabulary.stage import build_vocabulary
from seqloom.vocabulary.unknown_tokens import unknown_warning
from tests.corpus.files import keep

THAI = ("ฉันชอบกินข้าวกับปลา", "เขาไปโรงเรียนทุกวัน", "วันนี้อากาศดีมาก", "แมวนอนอยู่บนโต๊ะ", "พรุ่งนี้ฝนจะตก", "ร้านนี้ขายหนังสือ")


def corpus_of(folder: Path, train: list[str], validation: list[str]) -> Path:
    folder.mkdir()
    with CorpusWriter(folder) as writer:
        for split, texts in (("train", train), ("validation", validation)):
            keep(writer, split, [("a word", text) for text in texts])
    return folder


@pytest.mark.parametrize("kind", ["word", "spaced"])
def test_a_sentence_without_spaces_is_no_word(kind: str, tmp_path: Path) -> None:
    corpus = corpus_of(
        tmp_path / "corpus",
        [a + b for a in THAI for b in THAI],
        [f"{a}และ{b}" for a, b in zip(THAI, THAI[::-1], strict=True)],
    )
    section = schema.VocabularySection(kind=kind, size=8000, min_frequency=1)
    with pytest.raises(UserError, match=f"vocabulary.kind {kind}: 100.0% of the tokens of the validation target are"):
        build_vocabulary(section, corpus, tmp_path, unwatched)
    facts = build_vocabulary(schema.VocabularySection(kind="char", size=400), corpus, tmp_path, unwatched)
    assert facts["unknown"] == {"source": 0.0, "target": 0.0}


def test_much_is_told_and_little_is_not() -> None:
    assert unknown_warning({"source": 0.1, "target": 0.0}) == ""
    said = unknown_warning({"source": 0.02, "target": 0.34})
    assert said.startswith(
        "34.0% of the validation target is unknown to the vocabulary: vocabulary.kind bpe, unigram or"
    )
