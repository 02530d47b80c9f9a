"""How long a teacher will take is what its model takes."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.corpus.sources import Sources, SplitFiles
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.generator import Generator
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.distillation.taught_corpus import CleanRows
from seqloom.distillation.teacher import LocalTeacher
from seqloom.registry import teacher_version
from seqloom.registry.teacher_version import forecast_teaching
from tests.decoding.test_lexical_constraints import translator
from tests.registry.tiny import recipe_named


def test_a_teacher_is_timed_without_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    generator, search = translator(), Generator.search_texts
    generator.memory = KnownAnswers(ExactMatches([("a", "known")]))

    def searched(self: Generator, texts: list[str], *others: Any) -> Any:
        written.extend(texts)
        return search(self, texts, *others)

    monkeypatch.setattr(Generator, "search_texts", searched)
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"source": ["a", "b"]}), file)
    for name, found in {
        "clean_texts": CleanRows(file, 10, 10, Counter()),
        "checkpoint_of": tmp_path,
        "load_teacher": LocalTeacher(generator, "teacher"),
    }.items():
        monkeypatch.setattr(teacher_version, name, lambda *_, found=found: found)
    facts, none = {"whitespace": "fold"}, Sources(SplitFiles(()), SplitFiles(()), SplitFiles(()))
    folders = tmp_path, facts, tmp_path / "texts", tmp_path
    coming = forecast_teaching(recipe_named("m"), none, *folders, lambda *_: None, timed=True)
    assert (written, coming.texts) == (["a", "b"], 10)
