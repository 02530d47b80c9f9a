"""Sources that hold out shares of their own: every text in one split, that which its first source asks."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.artifact.cache_key import CORPUS
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.sources import locate
from seqloom.corpus.splits import SPLITS, Shares
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection
from seqloom.registry.run_plan import digest_of_sources

from .test_corpus_segment import build
from .test_splits import split_of
from .test_stage import built, many, write

TEXTS = st.lists(st.sampled_from([f"a text, the number {number}" for number in range(60)]), max_size=40)
SHARES = st.sampled_from([-1.0, 0.0, 0.1, 0.3, 0.5])
FILLER = [f"of {{}} alone {number}" for number in range(30)]  # so that no split is empty


def section_of(folder: Path, texts: list[list[str]], shares: list[tuple[float, float]], **fields: Any) -> CorpusSection:
    """Write the texts of each source, of which the first is that of `corpus.train`."""
    places = []
    for number, of_source in enumerate(texts):
        rows = [*(filler.format(number) for filler in FILLER), *of_source]
        pairs = [(text, f"{text} von {number}") for text in rows]
        places.append(write(folder / f"{number}.jsonl", pairs))
    sources = [
        {"name": f"more{number}", "train": [place], "test_share": test, "validation_share": validation}
        for number, (place, (test, validation)) in enumerate(zip(places[1:], shares, strict=False), 1)
    ]
    shared = {"test_share": 0.1, "validation_share": 0.1} | fields
    return CorpusSection.model_validate({"train": places[:1], "sources": sources, **shared})


def splits_by_text(folder: Path, section: CorpusSection) -> dict[str, str]:
    """Split of each text, which is in one alone."""
    built(folder, **section.model_dump())
    rows = [(source, split) for split in SPLITS for source in read_split(folder, split)["source"]]
    found = dict(rows)
    assert len(found) == len(set(rows)), "no two splits share a text"
    return found


@settings(max_examples=12, deadline=None)
@given(
    texts=st.tuples(TEXTS, TEXTS, TEXTS),
    shares=st.tuples(st.tuples(SHARES, SHARES), st.tuples(SHARES, SHARES)),
    split_by=st.sampled_from(["source", "folded", "similar"]),
)
def test_the_first_source_of_a_text_says_its_split(
    texts: tuple[list[str], ...], shares: tuple[tuple[float, float], ...], split_by: str
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        section = section_of(folder, list(texts), list(shares), split_by=split_by)
        found = splits_by_text(folder, section)
        if split_by != "source":
            return
        of_source = list(Shares.by_source(section, locate(section, folder)).values())
        for text, split in found.items():
            first = next(number for number, of in enumerate(texts) if text in of or text.startswith(f"of {number} "))
            assert split == split_of(of_source[first], text)


@settings(max_examples=8, deadline=None)
@given(
    texts=st.tuples(TEXTS, TEXTS, TEXTS), more=TEXTS, shares=st.tuples(st.tuples(SHARES, SHARES), st.just((0.5, 0.3)))
)
def test_a_source_that_is_added_or_grows_at_the_end_moves_no_text(
    texts: tuple[list[str], ...], more: list[str], shares: tuple[tuple[float, float], ...]
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        grown = [*texts[:2], [*texts[2], *more]]
        before: dict[str, str] = {}
        for some in (list(texts[:2]), list(texts), grown):
            found = splits_by_text(folder, section_of(folder, some, list(shares[: len(some) - 1])))
            assert found | before == found
            before = found


def test_what_is_kept_of_a_corpus_that_grew_equals_all_anew(tmp_path: Path) -> None:
    texts = [f"a text, the number {number}" for number in range(30)]
    written = []
    for some in ([texts[:20], texts[10:20]], [texts[:20], texts[10:]]):
        section = section_of(tmp_path, some, [(0.5, 0.3)])
        digest, segments = build(section, tmp_path, tmp_path / "artifacts")
        assert digest == build(section, tmp_path, None)[0]
        written.append(segments)
    assert 0 < written[1] < written[0] / 2
    first = section_of(tmp_path, some, [(0.2, 0.3)])
    assert 0 < build(first, tmp_path, tmp_path / "artifacts")[1] < written[0], "those of corpus.train stay"


def test_a_share_of_a_source_is_held_out_whatever_files_there_are(tmp_path: Path) -> None:
    section = section_of(tmp_path, [[], []], [(0.5, -1)], test=[write(tmp_path / "own.jsonl", many(9, "test"))])
    found = splits_by_text(tmp_path, section)
    held = [text for text, split in found.items() if split == "test"]
    test = read_split(tmp_path, "test")
    assert test.source_name.astype(str).value_counts().to_dict() == {"": 9, "more1": len(held) - 9}
    assert 8 < len(held) - 9 < 26, "a half of 30"
    assert "validation" in found.values(), "of which nobody gave a file"


def test_a_share_is_another_corpus_of_the_same_text(tmp_path: Path) -> None:
    def key(share: float) -> str:
        corpus = section_of(tmp_path, [[], []], [(share, -1)]).model_dump()
        recipe = check_recipe({"name": "a", "corpus": corpus}, "recipe")
        return CORPUS.key(recipe, [digest_of_sources(locate(recipe.corpus, tmp_path))])

    assert key(0.2) != key(0.3)


@pytest.mark.parametrize(
    ("fields", "of_corpus", "said"),
    [
        ({"test_share": 0.6}, {}, "corpus.sources.0.test_share: input should be less than or equal to 0.5"),
        ({"test_share": -0.3}, {}, "corpus.sources.0.test_share: a share is 0 to 0.5, or -1 for that of corpus.train"),
        ({"validation_share": -0.01}, {}, "corpus.sources.0.validation_share: a share is 0 to 0.5, or -1"),
        ({"test_share": 0.2, "test": ["y"]}, {}, "test names files, and test_share splits rows off for test"),
        ({"validation_share": 0.2}, {"overfit": True}, "remove validation_share, or overfit"),
    ],
)
def test_shares_that_cannot_be(fields: dict[str, Any], of_corpus: dict[str, Any], said: str) -> None:
    source = {"name": "web", "train": ["x"], **fields}
    with pytest.raises(UserError) as caught:
        check_recipe({"name": "a", "corpus": {"train": ["x.tsv"], "sources": [source], **of_corpus}}, "recipe")
    assert said in str(caught.value)


def test_a_split_that_stays_empty_names_the_shares_of_sources(tmp_path: Path) -> None:
    places = [write(tmp_path / f"{name}.jsonl", many(9, name)) for name in ("one", "two")]
    source = {"name": "web", "train": places[1:], "test_share": 0.0}
    with pytest.raises(UserError, match=r"a share of 0\.0 is split off, of source web 0\.0; .* or that of a source"):
        built(tmp_path, train=places[:1], test_share=0.0, validation_share=0.4, sources=[source])
