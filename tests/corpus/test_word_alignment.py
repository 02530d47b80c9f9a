"""Alignment scores tell translations from pairs by chance, whatever the shards, and the filter drops the latter."""

import random
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from seqloom.artifact.digest import digest_of_folder
from seqloom.corpus import shards
from seqloom.corpus.filter_preview import preview_filters
from seqloom.corpus.shard_task import ShardTask
from seqloom.corpus.sources import locate
from seqloom.corpus.word_alignment import WordAlignment, words_in
from seqloom.recipe.schema import CorpusSection

from .test_stage import built

WORDS = 60


def translations(count: int, seed: int) -> list[tuple[str, str]]:
    """Sentences of six words, translated word by word in another order."""
    drawn = random.Random(seed)
    chosen = [[f"w{drawn.randrange(WORDS)}" for _ in range(6)] for _ in range(count)]
    return [(" ".join(words), " ".join(reversed(words)).replace("w", "x")) for words in chosen]


def by_chance(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(source, target) for (source, _), (_, target) in zip(pairs, pairs[1:] + pairs[:1], strict=True)]


def area(good: Any, bad: Any) -> float:
    """Area under the curve: how often a good pair has the higher score."""
    return float(np.mean(good[:, None] > bad[None, :]))


@pytest.fixture(scope="module")
def model() -> WordAlignment:
    return WordAlignment.fit(translations(1000, 1))


def test_held_out_translations_score_higher_than_pairs_by_chance(model: WordAlignment) -> None:
    held_out = translations(200, 2)
    good, bad = model.scores(held_out), model.scores(by_chance(held_out))
    assert area(good, bad) > 0.99
    assert np.median(good) > 0.5
    assert np.median(bad) < 0


def test_a_score_depends_on_the_pair_alone(model: WordAlignment) -> None:
    pairs = [*translations(20, 3), ("", ""), ("w1", ""), ("?", "!"), ("w1 " * 500, "x1 " * 500)]
    alone = [model.scores([pair])[0] for pair in pairs]
    np.testing.assert_array_equal(model.scores(pairs), alone)
    assert np.isnan(alone[-4:-1]).all()
    assert np.isnan(WordAlignment.fit([]).scores(pairs)).all()


def test_what_is_saved_is_what_is_loaded(model: WordAlignment, tmp_path: Path) -> None:
    model.save(tmp_path / "a")
    again = WordAlignment.load(tmp_path / "a")
    np.testing.assert_array_equal(again.scores(translations(50, 4)), model.scores(translations(50, 4)))
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert model.vocabularies == again.vocabularies


def test_words_of_scripts_with_and_without_spaces() -> None:
    assert words_in("The_Cat's 3 猫は寝る!") == ["the", "cat", "s", "3", "猫", "は", "寝", "る"]


def corpus_with(folder: Path, strangers: int) -> dict[str, Any]:
    """The fields of a corpus of 1,000 translations and some pairs by chance."""
    pairs = [*translations(1000, 5), *by_chance(translations(strangers, 6))]
    files = []
    for side, language in enumerate(("en", "de")):
        files.append(folder / f"train.{language}")
        files[-1].write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    return {"train": list(map(str, files)), "filters": ["alignment"]}


def test_the_filter_drops_pairs_by_chance_whatever_the_shards(tmp_path: Path) -> None:
    fields, digests, rejected = corpus_with(tmp_path, 50), set(), {}
    for lines in (100_000, 200):
        folder = tmp_path / str(lines)
        folder.mkdir()
        with mock.patch.object(shards, "ROWS", lines):
            rejected = built(folder, **fields)["rejected"]  # type: ignore[assignment]
        digests.add(digest_of_folder(folder))
    assert len(digests) == 1
    assert 40 <= rejected["alignment>=-0.5"] <= 55
    section = CorpusSection.model_validate(fields)
    found = preview_filters(section, locate(section, tmp_path), 10_000)
    assert {each.name: each.dropped for each in found.outcomes if each.dropped} == rejected


def test_a_process_that_reads_a_shard_is_given_the_model(model: WordAlignment, tmp_path: Path) -> None:
    section = CorpusSection.model_validate(corpus_with(tmp_path, 10))
    (shard,) = shards.plan_shards(section, locate(section, tmp_path))
    model.save(tmp_path / "model")
    task = ShardTask(shard, section, False, tmp_path / "shard", tmp_path / "model")
    again = ShardTask.from_json(task.as_json())
    assert again == task
    again.run(lambda rows, origin: None)  # noqa: ARG005
    assert again.is_done
