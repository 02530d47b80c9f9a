"""A file is scored on the rows that the corpus stage would keep of it, but for repeated ones."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.filter_preview import preview_filters
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.eval_rows import read_test_rows
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

UNITS = {
    "good": '#: a\nmsgid "{n} one"\nmsgstr "eins"\n',
    "fuzzy": '#, fuzzy\nmsgid "{n} two"\nmsgstr "drei"\n',
    "untranslated": 'msgid "{n} three"\nmsgstr ""\n',
    "blank": 'msgid "{n} four"\nmsgstr " "\n',
    "long": 'msgid "{n} five"\nmsgstr "' + "x" * 100 + '"\n',
}
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def catalog(path: Path, kinds: list[str]) -> str:
    units = [UNITS[kind].format(n=number) for number, kind in enumerate(kinds)]
    path.write_text("\n".join([HEAD, *units]), encoding="utf-8")
    return str(path)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(list(UNITS)), min_size=1, max_size=8), st.booleans())
def test_what_is_scored_is_what_the_stage_keeps(kinds: list[str], fuzzy: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        test = catalog(folder / "test.po", ["good", *kinds])
        train = catalog(folder / "train.po", ["good"] * 20)
        text = (folder / "train.po").read_text(encoding="utf-8").replace("one", "other")
        (folder / "train.po").write_text(text, encoding="utf-8")
        fields = {"fuzzy": fuzzy, "max_characters": 50, "validation_share": 0.3}
        section = CorpusSection.model_validate({"train": [train], "test": [test], **fields})
        facts = build_corpus(section, locate(section, folder), folder, unwatched)
        scored = CorpusSection.model_validate({"train": [test], **fields})
        rows = read_test_rows(scored, folder, keep=False)
        assert rows.table["source"].tolist() == read_split(folder, "test")["source"].tolist()
        rejected = facts["rejected"]
        assert isinstance(rejected, dict)
        assert len(rows.unreadable) == sum(rejected.values())
        preview = preview_filters(scored, locate(scored, folder), 100)
        assert {each.name: each.dropped for each in preview.outcomes if each.dropped} == rejected


def test_the_reason_of_a_row_that_is_left_out(tmp_path: Path) -> None:
    path = catalog(tmp_path / "a.po", ["good", "fuzzy", "untranslated", "long"])
    rows = read_test_rows(CorpusSection.model_validate({"train": [path], "max_characters": 50}), tmp_path, keep=False)
    assert [said.rpartition(": ")[2] for said in rows.unreadable] == ["fuzzy", "untranslated", "too long"]
    none = catalog(tmp_path / "b.po", ["fuzzy"])
    with pytest.raises(UserError, match=r"b\.po: no row has a source and a target that can be scored \(.*: fuzzy\)"):
        read_test_rows(CorpusSection.model_validate({"train": [none]}), tmp_path, keep=False)


def test_columns_of_a_file_make_slices(tmp_path: Path) -> None:
    (file := tmp_path / "a.csv").write_text("source,target,product\none,eins,hob\ntwo,,hob\nthree,drei,pot\n")
    section = CorpusSection.model_validate({"train": [str(file)]})
    rows = read_test_rows(section, tmp_path, keep=False, slice_by=["product"])
    assert EvalSet.of(rows.table, "de").columns == {"product": ["hob", "pot"]}
    with pytest.raises(UserError, match=r"a.csv: no column 'shop' among source, target, product; correct --slice-by"):
        read_test_rows(section, tmp_path, keep=False, slice_by=["shop"])


def test_features_are_read_beside_the_texts(tmp_path: Path) -> None:
    path = tmp_path / "spoken.parquet"
    sounds = [[[1.0, 2.0]], None, [[3.0, 4.0]]]
    texts = {"source": ["one", "two", "three"], "target": ["eins", "zwei", "drei"]}
    pq.write_table(pa.table({**texts, "sound": sounds}), path)
    section = CorpusSection.model_validate({"train": [str(path)], "features": "sound"})
    found = read_test_rows(section, tmp_path, keep=False)
    assert [(str(each), each.frames.tolist()) for each in found.table["source"]] == [
        ("one", [[1.0, 2.0]]),
        ("three", [[3.0, 4.0]]),
    ]
    assert found.unreadable == [f"{path} row 2 has no features: give it a vector or a list of vectors"]
    with pytest.raises(UserError, match="has no column 'noise'"):
        read_test_rows(section.model_copy(update={"features": "noise"}), tmp_path, keep=False)
