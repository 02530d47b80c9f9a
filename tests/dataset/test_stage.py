from pathlib import Path

import pandas as pd

from seqloom.dataset.stage import SIDES, SPLITS, encode_corpus, open_split
from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies

ROWS = {
    "train": [("the dog barks", "狗叫"), ("the cat", "猫"), ("a dog", "狗")],
    "validation": [("the zebra", "斑马")],
    "test": [("dog", "狗"), ("cat", "猫")],
}


def test_every_split_and_side_as_the_vocabulary_has_it(tmp_path: Path) -> None:
    corpus, vocabulary, folder = (tmp_path / name for name in ("corpus", "vocabulary", "dataset"))
    for path in (corpus, vocabulary, folder):
        path.mkdir()
    for split, rows in ROWS.items():
        pd.DataFrame(rows, columns=list(SIDES)).to_parquet(corpus / f"{split}.parquet", index=False)
    build_vocabulary(schema.VocabularySection(kind="char", size=8000, min_frequency=1), corpus, vocabulary, unwatched)
    seen: list[int] = []
    facts = encode_corpus(corpus, vocabulary, folder, lambda done, *_: seen.append(done))
    for split in SPLITS:
        for place, (side, sequences) in enumerate(zip(SIDES, open_split(folder, split), strict=True)):
            texts = [row[place] for row in ROWS[split]]
            expected = load_vocabularies(vocabulary)[place].encode(texts)
            assert [sequences[row].tolist() for row in range(len(sequences))] == [list(ids) for ids in expected]
            assert facts["tokens"][f"{split}.{side}"] == sum(map(len, expected))
    assert seen == sorted(seen)
    assert seen[-1] == 2 * sum(map(len, ROWS.values())), "each row on each side"
