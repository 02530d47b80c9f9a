"""A first recipe for a table of somebody's own: it loads, its check passes, and its deployments can be run."""

import csv
import importlib
import inspect
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.cli import init_command
from seqloom.cli.init_command import init
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.preflight import check_recipe_and_files

ROWS = 80
FLOWS = {"data_to_model", "refresh", "batch_generate", "compare", "tune", "clean_up", "drift"}
ENGLISH = [f"the {'big' if number % 2 else 'small'} dog number {number}, and a cat" for number in range(ROWS)]
GERMAN = [f"der {'große' if number % 2 else 'kleine'} Hund Nummer {number}; und eine Katze" for number in range(ROWS)]
LABELS = ["good" if number % 3 else "so so" for number in range(ROWS)]


@dataclass(frozen=True)
class Application:
    """What a table holds, and the task that it makes."""

    task: str
    names: tuple[tuple[str, str], ...]  # its two columns may be called so
    columns: tuple[list[str], list[str]]


PAIRS = Application(
    "translation",
    (("en", "de"), ("source", "target"), ("english text", "german text"), ("Frage (EN)", "Ergebnis: 2"), ("é", "ü ö")),
    (ENGLISH, GERMAN),
)
LABELED = Application(
    "sentiment",
    (("text", "label"), ("Review", "Verdict"), ("was", "wie"), ("body_text", "sentiment")),
    (ENGLISH, LABELS),
)


def as_csv(delimiter: str, **how: Any) -> Callable[[list[str], list[list[str]]], str]:
    def written(names: list[str], rows: list[list[str]]) -> str:
        stream = io.StringIO()
        csv.writer(stream, delimiter=delimiter, lineterminator="\n", **how).writerows([names, *rows])
        return stream.getvalue()

    return written


def as_lines(names: list[str], rows: list[list[str]]) -> str:
    return "".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


def as_array(names: list[str], rows: list[list[str]]) -> str:
    return json.dumps([{"row": dict(zip(names, row, strict=True))} for row in rows])


FORMATS = {
    "a.csv": as_csv(","),
    "semicolons.csv": as_csv(";"),
    "a table of ours.csv": as_csv("|"),
    "quoted.csv": as_csv(",", quoting=csv.QUOTE_ALL),
    "a.tsv": lambda names, rows: "".join("\t".join(row) + "\n" for row in [names, *rows]),
    "a.jsonl": as_lines,
    "a.json": as_array,
}


@contextmanager
def folder() -> Iterator[Path]:
    """A new one to work in."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def checked(name: str, place: Path) -> Recipe:
    """The recipe of a model, once its check has passed and its deployments were looked at."""
    recipe = load_recipe(place / f"{name}.yaml")
    found = check_recipe_and_files(recipe, place / "home", unwatched)
    assert sum(found.corpus["rows"].values()) > ROWS // 2
    deployments = yaml.safe_load((place / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    for one in deployments:
        module, _, function = one["entrypoint"].rpartition(".")
        flow = getattr(importlib.import_module(module), function)
        asked = [one.get("parameters", {}), *(trigger["parameters"] for trigger in one.get("triggers", []))]
        assert all(parameters.keys() <= inspect.signature(flow.fn).parameters.keys() for parameters in asked)
    assert {one["entrypoint"].rpartition(".")[2] for one in deployments} == FLOWS
    assert deployments[0]["parameters"] == {"recipe_file": f"{name}.yaml"}
    return recipe


@settings(max_examples=10, deadline=None)
@given(
    kind=st.sampled_from([PAIRS, LABELED]),
    file=st.sampled_from(sorted(FORMATS)),
    number=st.sampled_from([None, "id", "", "Nr."]),
    data=st.data(),
)
def test_what_is_written_can_be_checked_and_deployed(
    kind: Application, file: str, number: str | None, data: st.DataObject
) -> None:
    source, target = data.draw(st.sampled_from(kind.names))
    with folder() as place:
        rows = [list(row) for row in zip(*kind.columns, strict=True)]
        names = [source, target]
        if number is not None:  # a first column of numbers
            names, rows = [number, *names], [[str(index), *row] for index, row in enumerate(rows)]
        (place / file).write_text(FORMATS[file](names, rows), encoding="utf-8")
        init("mine", data=[file])
        recipe = checked("mine", place)
        inside = "row." if file == "a.json" else ""
        assert (recipe.task, recipe.corpus.source_column) == (kind.task, f"{inside}{source}")
        assert recipe.corpus.target_column == f"{inside}{target}"
        if (source, target) in (("en", "de"), ("english text", "german text")):
            assert (recipe.corpus.source_language, recipe.corpus.target_language) == ("en", "de")
        assert (recipe.corpus.test_share, recipe.corpus.validation_share) == (0.2, 0.1), "a small table"
        hints = (place / "mine.yaml").read_text(encoding="utf-8").partition("\n# vocabulary:")
        (place / "mine.yaml").write_text(hints[0] + (hints[1] + hints[2]).replace("\n# ", "\n"), encoding="utf-8")
        changed = load_recipe(place / "mine.yaml")
        assert (changed.training.epochs, changed.registry.approval) == (40, "manual"), "what the comments show is so"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("diary.txt", "\n".join(ENGLISH * 5)),
        ("one.csv", "\n".join(["text", *(f'"{text}"' for text in ENGLISH * 5)])),
        ("one.jsonl", as_lines(["id", "text"], [[str(number), text] for number, text in enumerate(ENGLISH * 5)])),
    ],
)
def test_one_text_goes_on_from_itself(file: str, text: str) -> None:
    with folder() as place:
        (place / file).write_text(text, encoding="utf-8")
        init("mine", data=[file])
        recipe = load_recipe(place / "mine.yaml")
        assert (recipe.task, recipe.corpus.format) == ("generation", "running")
        assert Path(recipe.corpus.train[0]).read_text(encoding="utf-8").split("\n")[0] == ENGLISH[0]
        found = check_recipe_and_files(recipe, place / "home", unwatched)
        assert found.adapted.recipe.model.encoder == "none"


def test_a_table_without_names_and_one_of_long_documents() -> None:
    with folder() as place:
        rows = [[f"{one}.", f"{other}."] for one, other in zip(ENGLISH, GERMAN, strict=True)]
        (place / "a.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
        init("mine", data=["a.tsv"], recipe_only=True)
        corpus = load_recipe(place / "mine.yaml").corpus
        assert (corpus.header, corpus.source_column, corpus.target_column) == (False, "1", "2")
        assert not (place / "prefect.yaml").exists()
        long = [[f"{text} " * 50, text] for text in ENGLISH]
        (place / "b.csv").write_text(as_csv(",")(["body", "title"], long), encoding="utf-8")
        init("brief", data=["b.csv"])
        recipe = checked("brief", place)
        assert recipe.task == "summarization"
        assert recipe.corpus.max_characters > len(long[0][0])


NUMBERS = range(ROWS)
TURNS = [[ENGLISH[3 * number + place] for place in range(3)] for number in range(ROWS // 3)]
ALIGNED = {"a.en": "\n".join(ENGLISH), "a.de": "\n".join(GERMAN)}
GROUPED = [[f"d{number}", turn] for number, turns in enumerate(TURNS) for turn in turns]
SPOKEN = [[name, "ab"[number % 2], turn] for number, (name, turn) in enumerate(GROUPED)]
NEXT = [[f"d{number}", *pair] for number, turns in enumerate(TURNS) for pair in pairwise(turns)]

SORTED_LABELS = "".join(f"{n // 2100} line {n} of it\n" for n in range(4200))
SHAREGPT = {"task": "chat", "turns": 3, "source_column": "conversations", "target_column": "conversations"}


def labeled(labels: Sequence[str]) -> str:
    """Lines of a label, a space and a text."""
    return "".join(f"{labels[number % len(labels)]} {text}\n" for number, text in enumerate(ENGLISH))


def told(turns: list[str]) -> list[dict[str, str]]:
    """Turns as ShareGPT has them."""
    names = ("human", "gpt")
    spoken = [{"from": names[number % 2], "value": turn} for number, turn in enumerate(turns)]
    return [{"from": "system", "value": "Be brief."}, *spoken]


@pytest.mark.parametrize(
    ("files", "asked", "found"),
    [
        (ALIGNED, {}, {"task": "translation", "source_language": "en", "target_language": "de"}),
        ({"a.txt": "\n".join(ENGLISH), "b.txt": "\n".join(GERMAN)}, {}, {"task": "translation", "source_language": ""}),
        ({"en/a": "\n".join(ENGLISH), "de/a": "\n".join(GERMAN)}, {}, {"task": "translation", "target_language": "de"}),
        ({"a.text": "\n".join(ENGLISH), "a.label": "\n".join(LABELS)}, {}, {"task": "sentiment"}),
        (ALIGNED, {"task": "chat"}, {"task": "chat", "turns": 1}),
        (
            {"a.tsv": "".join(f"{'ab' * n}\t{'a b̥ ' * n}\n" for n in range(1, 30))},
            {},
            {"task": "transduction", "header": False, "source_column": "1", "target_column": "2"},
        ),
        (
            {"a.tsv": "word\tsounds\n" + "".join(f"{'ab' * n}\t{'a t͡s o ' * n}\n" for n in range(1, 30))},
            {},
            {"task": "transduction", "header": True, "source_column": "word"},
        ),
        ({"a.txt": "\n".join(" __eou__ ".join([*turns, ""]) for turns in TURNS)}, {}, {"task": "chat", "turns": 3}),
        (
            {"a.txt": "\n".join("\t".join(turns) for turns in TURNS)},
            {"task": "chat"},
            {"task": "chat", "turn_separator": "\t", "format": "texts"},
        ),
        ({"a.jsonl": "\n".join(json.dumps({"turns": turns}) for turns in TURNS)}, {}, {"source_column": "turns"}),
        (
            {"a.json": json.dumps([{"messages": [{"content": turn} for turn in turns]} for turns in TURNS])},
            {},
            {"task": "chat", "source_column": "messages"},
        ),
        (
            {"a.jsonl": "\n".join(json.dumps({"tags": ["a", "b"], "en": f"{n} a", "de": f"{n} b"}) for n in NUMBERS)},
            {},
            {"task": "translation", "source_column": "en"},
        ),
        (
            {"a.csv": as_csv(",")(["conversation_id", "text"], GROUPED)},
            {},
            {"task": "chat", "dialogue_column": "conversation_id", "source_column": "text", "target_column": "text"},
        ),
        (
            {"a.csv": as_csv(",")(["session", "speaker", "message"], SPOKEN)},
            {},
            {"task": "chat", "dialogue_column": "session", "source_column": "message", "target_column": "message"},
        ),
        (
            {"a.jsonl": "\n".join(json.dumps({"text": one, "turns": [{"value": "x"}]}) for one in ENGLISH)},
            {},
            {"task": "generation"},
        ),
        (
            {"a.tsv": "".join("\t".join(row) + "\n" for row in NEXT)},
            {"task": "chat"},
            {"task": "chat", "header": False, "dialogue_column": "1", "source_column": "2", "target_column": "3"},
        ),
        (
            {"a.csv": as_csv(",")(["session", "text", "label"], [[*row, row[1][4]] for row in GROUPED])},
            {},
            {"task": "sentiment"},
        ),
        (
            {"a.csv": as_csv(";")(["question", "answer"], [list(row) for row in zip(ENGLISH, GERMAN, strict=True)])},
            {"task": "chat"},
            {"task": "chat", "turns": 1, "source_column": "question", "target_column": "answer"},
        ),
        ({"a.txt": "\n".join(ENGLISH)}, {"task": "reconstruction"}, {"task": "reconstruction", "format": "texts"}),
        ({"a.txt": labeled("01")}, {}, {"task": "sentiment", "format": "labeled", "source_column": "source"}),
        ({"a.all": labeled(("-1", "+1", "0"))}, {}, {"task": "sentiment", "format": "labeled"}),
        ({"a.txt": labeled(("__label__good", "__label__so-so"))}, {}, {"task": "sentiment", "format": "labeled"}),
        ({"a.train": labeled(("pos", "neg", "好评"))}, {}, {"task": "sentiment", "format": "labeled"}),
        ({"a.all": SORTED_LABELS}, {}, {"task": "sentiment", "format": "labeled"}),
        ({"a.txt": labeled("01")}, {"task": "generation"}, {"task": "generation", "format": "running"}),
        ({"a.txt": labeled(("Ann:", "Bob:"))}, {}, {"task": "generation", "format": "running"}),
        ({"a.txt": labeled(("Ann:", "Bob:"))}, {"task": "sentiment"}, {"task": "sentiment", "format": "labeled"}),
        ({"a.txt": labeled(("the", *map(str, range(9))))}, {}, {"task": "generation", "format": "running"}),
        (
            {"a.txt": "\n".join(map("\t".join, zip(LABELS, ENGLISH, strict=True)))},
            {},
            {"task": "sentiment", "format": "tsv", "header": False, "source_column": "2", "target_column": "1"},
        ),
        (
            {"a.csv": "".join(f"7,{label},{text}\n" for label, text in zip(LABELS, GERMAN, strict=True))},
            {},
            {"task": "sentiment", "header": False, "source_column": "3", "target_column": "2"},
        ),
        (
            {"pairs": "".join("\t".join(row) + "\n" for row in [("en", "de"), *zip(ENGLISH, GERMAN, strict=True)])},
            {},
            {"task": "translation", "format": "tsv", "source_column": "en", "target_language": "de"},
        ),
        ({"a.json": json.dumps([{"id": "x", "conversations": told(turns)} for turns in TURNS])}, {}, SHAREGPT),
        ({"a.jsonl": "\n".join(json.dumps({"conversations": told(turns)}) for turns in TURNS)}, {}, SHAREGPT),
        (
            {"a.csv": as_csv(",")(["id", "text"], [[str(n), text] for n, text in enumerate(ENGLISH)])},
            {"task": "reconstruction"},
            {"task": "reconstruction", "source_column": "text", "target_column": "text"},
        ),
    ],
)  # fmt: skip
def test_every_shape_of_text_has_a_first_recipe(
    files: dict[str, str], asked: dict[str, str], found: dict[str, Any]
) -> None:
    with folder() as place:
        for name, text in files.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        init("mine", data=list(files), **asked)
        recipe = load_recipe(place / "mine.yaml")
        told = {"task": recipe.task, **recipe.corpus.model_dump()}
        assert {name: told[name] for name in found} == found
        (place / "corpus").mkdir()
        facts = build_corpus(recipe.corpus, locate(recipe.corpus, place / "home"), place / "corpus", unwatched)
        assert min(facts["rows"].values()) > 0
        assert sum(facts["rejected"].values()) <= ROWS // 4
        assert adapt(recipe, facts).recipe.training.epochs


def test_nothing_is_overwritten() -> None:
    with folder() as place:
        (place / "a.csv").write_text("en,de\n1 a,1 b\n", encoding="utf-8")
        (place / "prefect.yaml").write_text("name: mine", encoding="utf-8")
        with pytest.raises(
            UserError, match=r"prefect\.yaml is there already, and nothing is overwritten: give --recipe"
        ):
            init("mine", data=["a.csv"])
        assert not (place / "mine.yaml").exists()
        (place / "mine.yaml").write_text("name: mine", encoding="utf-8")
        with pytest.raises(UserError, match=r"mine\.yaml is there already"):
            init("mine", data=["a.csv"], recipe_only=True)
        assert (place / "mine.yaml").read_text(encoding="utf-8") == "name: mine"


THREE = as_csv(",")(
    ["a", "b", "c"], [[f"{one} x", f"{other} y", f"{one} z"] for one, other in zip(ENGLISH, GERMAN, strict=True)]
)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "give it with --data FILE"),
        ({"data": ["gone.csv"]}, "gone.csv: no such file .*; correct --data"),
        (
            {"data": ["three.csv"]},
            "do not tell which is the source and which the target: give --source and --target of .* a, b, c",
        ),
        ({"data": ["three.csv"], "source": "a", "target": "d"}, "three.csv has no column 'd': --target may be a, b, c"),
        ({"data": ["three.csv"], "task": "poetry"}, "--task poetry: it is one of"),
        ({"data": ["three.csv"] * 3}, "--data is given once for a table or text, and twice for aligned files"),
        ({"data": ["three.csv"], "task": "chat"}, "do not tell which is the source"),
        ({"data": ["three.csv", "three.csv"]}, "two places are aligned lines of text, and this is csv"),
        (
            {"data": ["lines.txt"], "task": "chat"},
            "lines.txt: its lines hold no dialogues: write one a",
        ),
        ({"data": ["lines.txt"], "task": "sentiment"}, "lines.txt has no columns, and --task sentiment needs two"),
        ({"data": ["lines.txt"], "source": "a"}, "lines.txt has no columns: remove --source"),
        ({"name": "a b", "data": ["three.csv"]}, "'a b' is no name of a model"),
        ({"name": "three.csv"}, "three.csv is data, and the model needs a name: seqloom init three --data three.csv"),
        ({"name": "s3://in/my *.tsv"}, r"seqloom init my --data 's3://in/my \*.tsv'"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with folder() as place:
        (place / "three.csv").write_text(THREE, encoding="utf-8")
        (place / "lines.txt").write_text("\n".join(ENGLISH), encoding="utf-8")
        with pytest.raises(UserError, match=sentence):
            init(**{"name": "mine", **arguments})
        assert sorted(path.name for path in place.iterdir() if path.suffix) == ["lines.txt", "three.csv"]


def test_in_a_terminal_it_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["three.csv", "b", "c"])
    monkeypatch.setattr(init_command, "is_terminal", lambda: True)
    monkeypatch.setattr(init_command.typer, "prompt", lambda *_, **__: next(answers))
    with folder() as place:
        (place / "three.csv").write_text(THREE, encoding="utf-8")
        init("mine")
        corpus = checked("mine", place).corpus
        assert (corpus.source_column, corpus.target_column) == ("b", "c")
