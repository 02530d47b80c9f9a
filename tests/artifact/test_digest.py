"""What changes a digest, and what does not."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.artifact import digest, syntax_tree
from seqloom.artifact.code_digests import FILE
from seqloom.artifact.digest import digest_of_code, digest_of_file, digest_of_folder, digest_of_value

WORDS = st.text("ab句 ", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def folder_of(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_file_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert digest_of_file(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


@given(st.dictionaries(WORDS, JSON, max_size=4))
def test_a_value_whatever_the_order_of_its_keys(value: dict[str, object]) -> None:
    assert digest_of_value(dict(reversed(value.items()))) == digest_of_value(value)


@given(JSON, JSON)
def test_other_values_have_other_digests(one: object, two: object) -> None:
    assert (digest_of_value(one) == digest_of_value(two)) == same_but_for_order(one, two)


def same_but_for_order(one: object, two: object) -> bool:
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(same_but_for_order(one[key], two[key]) for key in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same_but_for_order, one, two))
    return type(one) is type(two) and one == two


FILES = {"a.txt": b"one", "b/c.txt": b"two", "empty": b""}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**FILES, "a.txt": b"onE"}, id="a byte"),
        pytest.param({**FILES, "a.txt": b"one\n"}, id="a byte more"),
        pytest.param({"a2.txt": b"one", "b/c.txt": b"two", "empty": b""}, id="a file renamed"),
        pytest.param({"a.txt": b"one", "d/c.txt": b"two", "empty": b""}, id="a folder renamed"),
        pytest.param({**FILES, "new": b""}, id="an empty file more"),
        pytest.param({"a.txt": b"two", "b/c.txt": b"one", "empty": b""}, id="contents exchanged"),
        pytest.param({"a.txt": b"one", "b/c.txt": b"two"}, id="a file less"),
    ],
)
def test_a_folder_that_differs_has_another_digest(files: dict[str, bytes], tmp_path: Path) -> None:
    assert digest_of_folder(folder_of(tmp_path / "x", files)) != digest_of_folder(folder_of(tmp_path / "y", FILES))


def test_a_folder_wherever_it_lies_and_in_whatever_order_it_was_made(tmp_path: Path) -> None:
    one = folder_of(tmp_path / "x", FILES)
    two = folder_of(tmp_path / "deep" / "y", dict(reversed(FILES.items())))
    assert digest_of_folder(one) == digest_of_folder(two)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A library of two packages in place of seqloom."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    folder_of(tmp_path, {"corpus/a.py": b"x = 1\n", "corpus/b.py": b"", "vectors/a.py": b"x = 1\n"})
    monkeypatch.setattr(digest, "_LIBRARY", tmp_path)
    digest._digest_of_package.cache_clear()
    yield tmp_path
    digest._digest_of_package.cache_clear()


def code(*packages: str) -> str:
    digest._digest_of_package.cache_clear()  # as a new process would begin
    return digest_of_code(packages)


def test_a_line_of_code_changes_the_digest_of_its_package_alone(library: Path) -> None:
    corpus, vectors, both = code("corpus"), code("vectors"), code("corpus", "vectors")
    (library / "corpus/a.py").write_bytes(b"x = 2\n")
    assert code("corpus") != corpus
    assert code("vectors") == vectors
    assert code("corpus", "vectors") != both


def test_words_about_code_change_no_digest(library: Path) -> None:
    corpus = code("corpus")
    (library / "corpus/a.py").write_bytes(b'"""What x is."""\n\nx = 1  # one\n')
    (library / "corpus/b.py").write_bytes(b'"""Nothing yet."""\n')
    assert code("corpus") == corpus


def test_what_is_no_source_does_not_count_as_code(library: Path) -> None:
    corpus = code("corpus")
    folder_of(library, {"corpus/__pycache__/a.pyc": b"?", "corpus/notes.txt": b"!"})
    assert code("corpus") == corpus
    (library / "corpus/b.py").rename(library / "corpus/c.py")
    assert code("corpus") != corpus


def test_a_package_within_a_package_is_seen(library: Path) -> None:
    before = code("corpus")
    folder_of(library, {"corpus/inner/a.py": b"x = 1\n"})
    within = code("corpus")
    (library / "corpus/inner/a.py").write_bytes(b"x = 2\n")
    assert len({before, within, code("corpus")}) == 3


def parse_nothing(_source: bytes) -> str:
    raise AssertionError("the code was parsed")


def test_code_that_was_digested_in_this_home_is_not_parsed_again(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = code("corpus"), code("vectors")
    monkeypatch.setattr(syntax_tree, "digest_of_source", parse_nothing)
    assert (code("corpus"), code("vectors")) == digests
    (library / "corpus/a.py").write_bytes(b"x = 1  # one\n")
    with pytest.raises(AssertionError, match="parsed"):
        code("corpus")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"corpus": "x"}', b'{"corpus": ["x"]}', b"{"])
def test_a_damaged_file_of_digests_is_replaced(content: bytes, library: Path) -> None:
    digest = code("corpus")
    (library / "home" / FILE).write_bytes(content)
    assert code("corpus") == digest
    assert code("corpus") == digest
    assert [each.name for each in (library / "home").iterdir()] == [FILE]


def test_a_digest_makes_no_home(library: Path) -> None:
    digest = code("corpus")
    shutil.rmtree(library / "home")
    assert code("corpus") == digest
    assert not (library / "home").exists()
