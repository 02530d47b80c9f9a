"""Several sources of training text, each read as its entry in the recipe says and counted by name."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.artifact.cache_key import CORPUS, TRAINING
from seqloom.corpus.corpus_files import read_split, rows_by_source
from seqloom.corpus.filter_preview import preview_filters
from seqloom.corpus.sources import locate
from seqloom.dataset.source_weights import SOURCES_FILE
from seqloom.dataset.stage import encode_corpus
from seqloom.errors import UserError
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.test_slices import slices_of
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import CorpusSection
from seqloom.registry.run_plan import digest_of_sources
from seqloom.vocabulary.stage import build_vocabulary
from tests.models.plain import plain_recipe

from .test_stage import built, many, write

GERMAN = [(f"This is the sentence number {n}", f"Das ist der Satz mit der Nummer {n}") for n in range(60)]


@pytest.fixture
def fields(tmp_path: Path) -> dict[str, Any]:
    """Three sources: aligned lines, a table with other columns, and a catalog."""
    english, german = tmp_path / "web.en", tmp_path / "web.de"
    english.write_text("".join(f"web {n}\n" for n in range(50)) + "\n", encoding="utf-8")
    german.write_text("".join(f"Netz {n}\n" for n in range(50)) + "x\n", encoding="utf-8")
    (tmp_path / "old.csv").write_text(
        "en,de\n" + "".join(f"old {n},alt {n}\n" for n in range(30)) + "web 1,anders\nbroken\n", encoding="utf-8"
    )
    web = {"name": "web", "train": [str(english), str(german)], "weight": 0.5}
    old = {"name": "old", "train": [str(tmp_path / "old.csv")], "source_column": "en", "target_column": "de"}
    return {
        "train": [write(tmp_path / "main.jsonl", many(40))],
        "source_name": "tickets",
        "sources": [web, old],
        "test_share": 0.2,
    }


def test_every_source_is_read_and_counted(fields: dict[str, Any], tmp_path: Path) -> None:
    facts: Any = built(tmp_path, **fields, max_reject_share=0.1)
    counts = {name: (of["read"], sum(of["rows"].values()), of["rejected"]) for name, of in facts["sources"].items()}
    assert counts == {
        "tickets": (40, 40, {}),
        "web": (51, 50, {"empty source": 1}),
        "old": (32, 31, {"other number of fields": 1}),
    }
    assert sum(of["read"] for of in facts["sources"].values()) == facts["read"]
    for split, rows in facts["rows"].items():
        assert sum(of["rows"][split] for of in facts["sources"].values()) == rows
        table = read_split(tmp_path, split)
        words = table["source"].str.partition(" ")[0].where(table["target"] != "anders", "old")
        assert table["source_name"].tolist() == words.replace("sentence", "tickets").tolist()
        assert rows_by_source(tmp_path, split) == dict(table["source_name"].value_counts()[list(counts)])


def test_a_source_that_is_held_out_stays_out_of_the_others(fields: dict[str, Any], tmp_path: Path) -> None:
    built(tmp_path, **fields, max_reject_share=0.1)
    split = {source: s for s in ("train", "validation", "test") for source in read_split(tmp_path, s)["source"]}
    assert len(split) == 120, "web 1 is in one split, though two sources have it"


def test_the_rows_of_each_source_reach_the_dataset(fields: dict[str, Any], tmp_path: Path) -> None:
    built(tmp_path, **fields, max_reject_share=0.1)
    for name in ("vocabulary", "dataset"):
        (tmp_path / name).mkdir()
    recipe = plain_recipe({"name": "a", "corpus": {"train": ["unused"]}, "vocabulary": {"kind": "char"}})
    build_vocabulary(recipe.vocabulary, tmp_path, tmp_path / "vocabulary", unwatched)
    encode_corpus(tmp_path, tmp_path / "vocabulary", tmp_path / "dataset", unwatched)
    assert pd.read_json(tmp_path / "dataset" / SOURCES_FILE, typ="series").to_dict() == rows_by_source(
        tmp_path, "train"
    )


def test_test_rows_know_their_source(fields: dict[str, Any], tmp_path: Path) -> None:
    built(tmp_path, **fields, max_reject_share=0.1)
    test = EvalSet.of(read_split(tmp_path, "test"), "de")
    slices = {part.name: part for part in slices_of(test.sources, test.origins, test.source_names)}
    assert {name for name, part in slices.items() if part.by == "source"} == {
        "source tickets",
        "source web",
        "source old",
    }
    assert not [part for part in slices.values() if part.by == "file"], "each source is one file"


def test_filters_go_by_the_languages_of_the_source(tmp_path: Path) -> None:
    swapped = [(target, source) for source, target in GERMAN]
    section = CorpusSection.model_validate(
        {
            "train": [write(tmp_path / "a.jsonl", GERMAN)],
            "sources": [
                {
                    "name": "other",
                    "train": [write(tmp_path / "b.jsonl", swapped)],
                    "source_language": "de",
                    "target_language": "en",
                },
                {"name": "wrong", "train": [write(tmp_path / "c.jsonl", [(b + "!", a) for b, a in swapped])]},
            ],
            "source_language": "en",
            "target_language": "de",
            "filters": ["language"],
        }
    )
    facts: Any = built(tmp_path, **section.model_dump())
    assert {name: sum(of["rejected"].values()) for name, of in facts["sources"].items()} == {
        "main": 0,
        "other": 0,
        "wrong": 60,
    }
    (language, _) = [each for each in preview_filters(section, locate(section, tmp_path), 1000).outcomes if each.before]
    assert language.dropped == 60


def test_a_weight_trains_anew_and_reads_nothing_anew(fields: dict[str, Any], tmp_path: Path) -> None:
    def keys(weight: float) -> tuple[str, str]:
        web, old = fields["sources"]
        corpus = {**fields, "sources": [{**web, "weight": weight}, old]}
        recipe = check_recipe({"name": "a", "corpus": corpus}, "recipe")
        return CORPUS.key(recipe, [digest_of_sources(locate(recipe.corpus, tmp_path))]), TRAINING.key(recipe, [""] * 3)

    (corpus, training), (other_corpus, other_training) = keys(0.5), keys(2)
    assert corpus == other_corpus
    assert training != other_training


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([{"name": "web", "train": ["x"], "weigth": 2}], "did you mean corpus.sources.0.weight?"),
        ([{"name": "main", "train": ["x"]}], "two are called main; give each a name of its own"),
        ([{"name": "a b", "train": ["x"]}], "corpus.sources.0.name: 'a b' is no name of letters"),
        ([{"train": ["x"]}], "corpus.sources.0.name is missing"),
        ([{"name": "web", "train": ["x"], "weight": 0}], "corpus.sources.0.weight: input should be greater than 0"),
        ([{"name": "web", "train": ["https://u:p@h/x"]}], "a name or password for h stands in a URL"),
        (["web.tsv"], "corpus.sources.0 is a section"),
    ],
)
def test_sources_that_are_none(sources: list[Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        check_recipe({"name": "a", "corpus": {"train": ["x.tsv"], "sources": sources}}, "recipe")
    assert said in str(caught.value)


def test_a_source_may_have_validation_and_test_files_of_its_own(fields: dict[str, Any], tmp_path: Path) -> None:
    web, old = fields["sources"]
    (tmp_path / "held.csv").write_text("en,de\nheld,gehalten\nweb 7,Netz 7\n", encoding="utf-8")
    validation = write(tmp_path / "valid.jsonl", many(5, "valid"))
    test = write(tmp_path / "test.jsonl", many(9, "test"))
    old = {**old, "test": [str(tmp_path / "held.csv")], "validation": [validation], "source_column": "en"}
    (tmp_path / "valid.jsonl").write_text('{"en": "valid", "de": "gültig"}\n', encoding="utf-8")
    facts: Any = built(tmp_path, **fields | {"sources": [web, old], "test": [test]}, max_reject_share=0.1)
    table = read_split(tmp_path, "test")
    assert table.source_name.astype(str).tolist() == [""] * 9 + ["old"] * 2
    assert read_split(tmp_path, "validation").source.tolist() == ["valid"]
    assert facts["sources"]["old"]["rows"] == {"train": 31, "validation": 1, "test": 2}
    assert facts["sources"]["web"]["rejected"] == {"empty source": 1, "also in test": 1}
    assert sum(facts["rows"].values()) == 40 + 49 + 31 + 1 + 11
    slices = slices_of(*(table[name].astype(str).tolist() for name in ("source", "origin", "source_name")))
    assert [len(part.rows) for part in slices if part.name == "source old"] == [2]


def test_new_held_out_files_are_another_corpus(fields: dict[str, Any], tmp_path: Path) -> None:
    web, old = fields["sources"]
    (tmp_path / "held.csv").write_text("en,de\nheld,gehalten\n", encoding="utf-8")
    sections = [
        CorpusSection.model_validate({**fields, "sources": [web, {**old, **held}]})
        for held in ({}, {"test": [str(tmp_path / "held.csv")]}, {"validation": [str(tmp_path / "held.csv")]})
    ]
    assert len({digest_of_sources(locate(section, tmp_path)) for section in sections}) == 3


def test_mistakes_in_a_held_out_file_name_its_source(fields: dict[str, Any], tmp_path: Path) -> None:
    web, old = fields["sources"]
    for test, said in (
        (["gone.csv"], "correct corpus.sources.web.test"),
        (web["train"][::-1], "corpus.sources.web.test: gives *.de as the source and *.en as the target"),
    ):
        section = CorpusSection.model_validate({**fields, "sources": [{**web, "test": test}, old]})
        with pytest.raises(UserError) as mistake:
            locate(section, tmp_path)
        assert said in str(mistake.value)
    with pytest.raises(ValueError, match="overfit makes test of the training text"):
        CorpusSection.model_validate({**fields, "overfit": True, "sources": [{**web, "test": web["train"]}]})
    with pytest.raises(ValueError, match="a name or password for h stands in a URL"):
        CorpusSection.model_validate({**fields, "sources": [{**web, "test": ["https://u:p@h/x"]}]})
    with pytest.raises(ValueError, match="a name or password for h stands in a URL"):
        CorpusSection.model_validate({**fields, "teacher": "t", "monolingual_source": ["https://u:p@h/x"]})


def test_a_file_that_is_missing_is_told_with_its_source(tmp_path: Path) -> None:
    train = write(tmp_path / "a.jsonl", GERMAN)
    section = CorpusSection.model_validate({"train": [train], "sources": [{"name": "web", "train": ["gone.tsv"]}]})
    with pytest.raises(UserError, match=r"gone.tsv: no such file .*; correct corpus.sources.web.train$"):
        locate(section, tmp_path)
