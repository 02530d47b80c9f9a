"""Translation memory and knowledge table: what is joined to a source, and never to its own row."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.corpus_files import iterate_inputs, read_split
from seqloom.corpus.knowledge_table import KnowledgeTable, read_knowledge
from seqloom.corpus.source_context import CONTEXT_FILE, SEPARATOR, SourceContext
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.corpus.translation_memory import TranslationMemory
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection
from tests.decoding.test_backends import checkpoint

PAIRS = [
    ("open the file", "Datei öffnen"),
    ("close the file", "Datei schließen"),
    ("save the file as", "Datei speichern unter"),
    ("the weather is fine", "das Wetter ist schön"),
    ("打开文件", "open it"),
    ("关闭文件", "close it"),
    ("kept\n  as it\tis", "white space"),
]


def targets(text: str, count: int = 2, least: float = 0.5, of_training: bool = False) -> list[str]:
    return [match.target for match in TranslationMemory.of(PAIRS).nearest(text, count, least, of_training=of_training)]


def test_nearest_by_edits_of_words_or_of_characters_where_there_are_no_spaces() -> None:
    assert targets("save the file") == ["Datei speichern unter", "Datei öffnen"], "a word apart, then two"
    assert targets("OPEN the file", count=1) == ["Datei öffnen"], "case does not count"
    assert targets("保存文件", count=1) == ["open it"]
    assert targets("nothing alike") == targets("") == []


@given(st.sampled_from(PAIRS), st.integers(1, 5), st.floats(0.01, 1.0))
def test_a_training_row_never_gets_its_own_target(pair: tuple[str, str], count: int, least: float) -> None:
    assert pair[1] not in targets(pair[0], count, least, of_training=True)
    assert targets(pair[0], count, least)[0] == pair[1], "an answer may: the memory knows the exact text"


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=5)), min_size=1, max_size=8), st.text(max_size=12))
def test_any_text_is_looked_up_the_same_after_it_was_saved(pairs: list[tuple[str, str]], text: str) -> None:
    encodable = [tuple(side.encode("utf-8", "replace").decode() for side in pair) for pair in pairs]
    memory = TranslationMemory.of(encodable)
    again = TranslationMemory.from_arrays(memory.arrays())
    assert memory.nearest(text, 3, 0.1) == again.nearest(text, 3, 0.1)


def test_entries_of_the_terms_in_a_text(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text('Berlin,"capital, of Germany"\nNew York,a city\nYork,an older city\n', "utf-8")
    table = KnowledgeTable(read_knowledge(tmp_path / "table.csv"))
    assert table.entries_for("from berlin to New York") == ["capital, of Germany", "a city"], "of two terms the longer"
    assert table.entries_for("Berliners stay") == []


@pytest.mark.parametrize(
    ("content", "why"),
    [("one\n", "line 1: 1 fields"), ("a,b\n,c\n", "line 2: 2 fields"), ("", "no entry"), ("a," + "b" * 501, "500")],
)
def test_a_table_that_is_none_is_a_sentence(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "table.csv").write_text(content, "utf-8")
    with pytest.raises(UserError, match=why):
        read_knowledge(tmp_path / "table.csv")
    with pytest.raises(UserError, match="no such file"):
        read_knowledge(tmp_path / "other.csv")
    with pytest.raises(UserError, match=r"is a folder, not a file; correct corpus\.knowledge"):
        read_knowledge(tmp_path)


def test_corpus_with_contexts_of_training_pairs_alone(tmp_path: Path) -> None:
    rows = [(f"open the file number {number}", f"Datei {number} öffnen") for number in range(40)]
    (tmp_path / "rows.tsv").write_text("source\ttarget\n" + "".join("\t".join(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "table.tsv").write_text("number\tNummer\n", "utf-8")
    section = CorpusSection(
        train=[str(tmp_path / "rows.tsv")],
        validation_share=0.2,
        test_share=0.2,
        memory=1,
        memory_similarity=0.6,
        knowledge=str(tmp_path / "table.tsv"),
    )
    folder = tmp_path / "corpus"
    folder.mkdir()
    facts = build_corpus(section, locate(section, tmp_path), folder, unwatched)
    known = set(read_split(folder, "train")["target"])
    everywhere = dict.fromkeys(("train", "validation", "test"), 1.0)
    assert facts["context"] == {"pairs": len(known), "entries": 1, "rows_with": everywhere}
    for split in ("train", "validation", "test"):
        plain = read_split(folder, split)
        [inputs] = iterate_inputs(folder, split)
        for source, target, read in zip(plain["source"], plain["target"], inputs["source"], strict=True):
            text, match, entry = (part.strip() for part in read.split(SEPARATOR))
            assert (text, entry) == (source, "Nummer")
            assert match in known - {target}
    context = SourceContext.load(folder)
    assert context is not None
    test, [read] = read_split(folder, "test"), iterate_inputs(folder, "test")
    assert context.joined(test["source"].tolist()) == read["source"], "answers are looked up as rows were"


def test_answers_are_looked_up_in_every_backend_and_copy_of_a_model(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    checkpoint(folder, feedforward_width=512)
    context = SourceContext(TranslationMemory.of([("a small dog", "ein kleiner Hund")]), matches=1, least=0.5)
    context.save(folder)
    export(folder, tmp_path / "int8", "torch-int8")
    for each in (folder, tmp_path / "int8"):
        generator = load_generator(each)
        [read, unlike, nothing] = generator.encode(["a small cat", "quite other words", " "])
        joined = ["a small cat ⦀ ein kleiner Hund", "quite other words"]
        assert [read, unlike] == generator.source.encode(joined)
        assert nothing == []
        assert generator.generate([" "]) == [""]


def test_a_damaged_context_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / CONTEXT_FILE).write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(UserError, match="damaged"):
        SourceContext.load(tmp_path)


@pytest.mark.parametrize("field", [{"memory": 1}, {"knowledge": "table.csv"}])
@pytest.mark.parametrize("task", ["reconstruction", "chat"])
def test_tasks_without_a_context_say_so(field: dict[str, object], task: str) -> None:
    tree: dict[str, Any] = {
        "name": "x",
        "task": task,
        "corpus": {"train": ["a.txt"], "format": "texts", "turns": 2 * (task == "chat")},
    }
    tree["corpus"] |= field
    with pytest.raises(UserError, match=f"corpus.{next(iter(field))} joins a context"):
        check_recipe(tree, "recipe")
