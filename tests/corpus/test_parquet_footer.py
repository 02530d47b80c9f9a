"""Row groups put one after the other, without reading them."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.parquet_footer import RowGroupFile

PLACE = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("place", PLACE),
        ("number", pa.int64()),
        pa.field("flag", pa.bool_(), nullable=False),
        ("share", pa.float64()),
        ("words", pa.list_(pa.struct([("word", pa.binary()), ("count", pa.int32())]))),
        *((f"more{number}", pa.int32()) for number in range(12)),  # more than 15 columns: long lists
    ]
)
WORDS = st.lists(st.fixed_dictionaries({"word": st.binary(max_size=3), "count": st.integers(-9, 9)}), max_size=2)
ROW = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(max_size=9),
        "place": st.none() | st.sampled_from("abc"),
        "number": st.none() | st.integers(-(2**63), 2**63 - 1),
        "flag": st.booleans(),
        "share": st.none() | st.floats(allow_nan=False),
        "words": st.none() | WORDS,
    }
)


def join(folder: Path, *files: Path) -> Path:
    joined = RowGroupFile(folder / "joined.parquet")
    for file in files:
        joined.append(file)
    joined.close()
    return folder / "joined.parquet"


@settings(deadline=None, max_examples=12)
@given(
    st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=4),
    st.sampled_from(["zstd", "snappy", "none"]),
    st.booleans(),
)
def test_joined_files_have_the_rows_of_all(rows: list[list[dict[str, Any]]], compression: str, index: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = [pa.Table.from_pylist(each, SCHEMA) for each in rows]
        files = [folder / f"{number}.parquet" for number in range(len(tables))]
        for table, file in zip(tables, files, strict=True):
            pq.write_table(table, file, row_group_size=2, compression=compression, write_page_index=index)
        whole = pq.ParquetFile(join(folder, *files))
        assert whole.read().equals(pa.concat_tables(tables))
        groups = [whole.read_row_group(number) for number in range(whole.num_row_groups)]
        assert pa.concat_tables([SCHEMA.empty_table(), *groups]).equals(pa.concat_tables(tables))
        assert whole.metadata.num_rows == sum(map(len, rows))
        assert join(folder, files[0]).read_bytes() == files[0].read_bytes()


def test_page_indexes_whose_offsets_are_absolute_are_left_out_behind_the_first_file(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", "b"]}), tmp_path / "one", write_page_index=True)
    metadata = pq.ParquetFile(join(tmp_path, tmp_path / "one", tmp_path / "one")).metadata
    chunks = [metadata.row_group(number).column(0) for number in (0, 1)]
    assert [chunk.has_offset_index for chunk in chunks] == [True, False]
    assert [chunk.has_column_index for chunk in chunks] == [True, False]
