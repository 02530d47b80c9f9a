"""A recipe whose teacher is an endpoint: asked once, within a budget, by a key that is kept nowhere, and checked."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from seqloom import pipeline
from seqloom.artifact.artifact_store import Store
from seqloom.artifact.manifest import Manifest, read_manifest
from seqloom.corpus import sources
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.sources import locate_monolingual
from seqloom.distillation import endpoint_teacher, taught_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.registry.preflight import check_recipe_and_files
from seqloom.registry.run_plan import pinned, plan
from seqloom.registry.teacher_version import teaching_inputs, teaching_of
from tasks.pages.data_pages import corpus_page
from tests.distillation.chat_server import Said, chat_server

TEXTS = [f"new {letter}" for letter in "abcdefgh"]
ASKED = {"model": "large", "prompt_file": "prompt.txt", "key": "${TEACHER_KEY}", "concurrency": 1}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEACHER_KEY", "sesame")
    monkeypatch.chdir(tmp_path)
    rows = [f"source {number}\ttarget {number}\n" for number in range(60)]
    Path("rows.tsv").write_text("source\ttarget\n" + "".join(rows))
    Path("texts.txt").write_text("\n".join(TEXTS) + "\n")
    Path("prompt.txt").write_text("Translate: {source}\n")


def backwards(asked: str, _: int) -> Said:
    return Said((asked.removeprefix("Translate: ").upper()[::-1],))


def tree(url: str, teaching: dict[str, Any] | None = None, **corpus: Any) -> dict[str, Any]:
    rows = {"train": ["rows.tsv"], "validation_share": 0.2, "test_share": 0.2}
    return {
        "name": "taught",
        "task": "transduction",
        "corpus": {**rows, "teacher": url, "monolingual_source": ["texts.txt"], **corpus},
        "teaching": {**ASKED, **(teaching or {})},
        "vocabulary": {"kind": "char"},
        "vectors": {"width": 8, "method": "none"},
        "model": {"encoder": "gru", "decoder": "gru", "encoder_width": 6, "decoder_width": 6},
        "training": {"epochs": 1, "batch_tokens": 500},
    }


def corpus_of(recipe: dict[str, Any], home: Path) -> Manifest:
    """Run the stages before the training."""
    return pipeline._prepare(pinned(check_recipe(recipe, "r"), home), Store(home), home, unwatched).corpus


def test_each_text_is_asked_once_whatever_changes_beside_the_question(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with chat_server(backwards) as seen:
        recipe = tree(seen.url)
        coming = check_recipe_and_files(check_recipe(recipe, "r"), home, unwatched, timed=True).teaching
        assert coming is not None
        assert (coming.texts, coming.seconds, seen.requests) == (len(TEXTS), None, []), "a check asks nothing"
        made = corpus_of(recipe, home)
        assert sorted(seen.texts()) == [f"Translate: {text}" for text in TEXTS]
        assert seen.keys == {"Bearer sesame"}
        train = read_split(made.path, "train")
        assert {*zip(train["source"], train["target"], strict=True)} >= {(text, text.upper()[::-1]) for text in TEXTS}
        taught = made.facts["taught"]
        assert (taught["asked"], taught["tokens"], taught["kept"]) == (len(TEXTS), 10 * len(TEXTS), len(TEXTS))
        assert f"{10 * len(TEXTS):,}" in "\n".join(corpus_page(made))
        told = {step.stage: step.told for step in plan(check_recipe(tree(seen.url, {"request_budget": 3}), "r"), home)}
        assert told["teacher"] == "cached", "a limit changes no answer"
        Path("texts.txt").write_text("\n".join([*TEXTS, "newest"]))
        assert corpus_of(tree(seen.url, {"copies": False}), home).facts["taught"]["known"] == len(TEXTS)
        assert seen.texts()[len(TEXTS) :] == ["Translate: newest"]
        Path("prompt.txt").write_text("Say it otherwise: {source}")
        corpus_of(recipe, home)
        assert len(seen.requests) == 2 * len(TEXTS) + 2, "another question"
    kept = [file for file in home.rglob("*") if file.is_file() and b"sesame" in file.read_bytes()]
    assert not kept


def test_a_check_locates_the_texts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    located, locate_texts = list[str](), sources.locate_texts

    def noted(section: Any, place: str, *others: Any) -> Any:
        located.append(place)
        return locate_texts(section, place, *others)

    monkeypatch.setattr(sources, "locate_texts", noted)
    check_recipe_and_files(check_recipe(tree("http://127.0.0.1:9/v1"), "r"), tmp_path / "home", unwatched)
    assert located == ["texts.txt"]


def test_a_spent_budget_ends_the_run_and_the_next_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with chat_server(backwards) as seen:
        with pytest.raises(
            UserError,
            match=r"the budget of this run is spent, after 5 requests and 50 tokens; .*teaching.request_budget",
        ):
            corpus_of(tree(seen.url, {"request_budget": 5}), home)
        taught = corpus_of(tree(seen.url, {"request_budget": 5}), home).facts["taught"]
        assert (taught["asked"], taught["known"], taught["kept"]) == (3, 5, 8)
        assert len(seen.requests) == len(TEXTS)


def test_answers_that_do_not_come_back_or_disagree_are_left_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    back = pipeline.train({**tree(""), "corpus": {**tree("")["corpus"], "monolingual_source": []}, "teaching": {}})

    def several(asked: str, _: int) -> Said:
        return Said(("abc", "xyz", "123") if asked.endswith("a") else ("same", "same", "same!"))

    with chat_server(several) as seen:
        agreed = {"answers": 3, "temperature": 0.5, "agreement": 0.5}
        taught = corpus_of(tree(seen.url, agreed), home).facts["taught"]
        assert (taught["kept"], taught["left_out"]["the answers disagree"]) == (len(TEXTS) - 1, 1)
        checked = {**agreed, "round_trip": str(back.folder), "round_trip_chrf": 99.0}
        with pytest.raises(UserError, match=r"corpus.monolingual_source: no text has an answer.*round trip is unlike"):
            corpus_of(tree(seen.url, checked), home)
        assert len(seen.requests) == len(TEXTS), "answers are kept whatever is thought of them"
        digest = pinned(check_recipe(tree(seen.url, checked), "r"), home).teaching.round_trip.partition("#sha256=")[2]
        assert digest
        other = {**checked, "round_trip": f"{back.folder}#sha256=0123456789abcdef"}
        with pytest.raises(UserError, match=r"teaching.round_trip: .* is another model than the one that was meant"):
            corpus_of(tree(seen.url, other), home)


def test_a_slot_is_held_by_the_model_back_and_not_while_an_endpoint_is_asked(tmp_path: Path) -> None:
    home, events = tmp_path / "home", list[str]()
    back = pipeline.train({**tree(""), "corpus": {**tree("")["corpus"], "monolingual_source": []}, "teaching": {}})

    def answer(asked: str, times: int) -> Said:
        events.append("asked")
        return backwards(asked, times)

    @contextmanager
    def held() -> Iterator[None]:
        events.append("held")
        yield
        events.append("free")

    with chat_server(answer) as seen:
        checked = {"round_trip": str(back.folder), "round_trip_chrf": 0.001, "copies": False}
        recipe = pinned(check_recipe(tree(seen.url, checked), "r"), home)
        corpus = next(map(read_manifest, (file.parent for file in home.glob("artifacts/corpus/*/manifest.json"))))
        texts = locate_monolingual(recipe.corpus, home)
        teaching = teaching_of(recipe, corpus, texts, home, teaching_inputs(recipe, corpus, texts, home), held)
        with suppress(UserError):  # a model that learned for an epoch may bring no text back
            teaching.build(tmp_path, unwatched)
    assert events[: len(TEXTS) + 1] == ["asked"] * len(TEXTS) + ["held"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": ""}, "name its model in teaching.model"),
        ({"prompt_file": ""}, "name a file in teaching.prompt_file"),
        ({"key": "sesame"}, r"teaching.key is written as \$\{NAME\}"),
        ({"answers": 2}, "teaching.answers are all the same at temperature 0"),
        ({"round_trip": "models:/x/1"}, "round_trip_chrf its limit: give both"),
        ({"round_trip": "http://x/v1", "round_trip_chrf": 40}, "no endpoint"),
        ({"prompt_file": "gone.txt"}, r"teaching.prompt_file: gone.txt: no such file .* give a text file"),
        ({"prompt_file": "rows.tsv"}, r"teaching.prompt_file: rows.tsv has no \{source\}"),
        ({"prompt_file": "latin.txt"}, r"teaching.prompt_file: latin.txt is not UTF-8"),
        ({"key": "${UNSET}"}, "UNSET is not set"),
    ],
)
def test_a_mistake_is_told_before_anything_is_read(change: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    Path("latin.txt").write_bytes("für {source}".encode("latin-1"))
    with pytest.raises(UserError, match=sentence) as told:
        pipeline.train(tree("http://127.0.0.1:9/v1", change))
    assert "sesame" not in str(told.value)
    assert not list(tmp_path.glob("home/artifacts/corpus/*"))


@pytest.mark.parametrize(
    ("teacher", "teaching", "sentence"),
    [
        ("http://host/v1", {}, "unencrypted; write https://"),
        ("https://me:word@host/v1", {}, "a user, a password and what follows"),
        ("https://host/v1?key=word", {}, "a user, a password and what follows"),
        ("https://host/v1#token=word", {}, "what follows"),
        ("https:///v1", {}, "the address of an endpoint, such as https://HOST/v1"),
        ("https://[h/v1", {}, "the address of an endpoint, such as https://HOST/v1"),
        ("https://h:port/v1", {}, "the address of an endpoint, such as https://HOST/v1"),
        ("https://h:99999/v1", {}, "the address of an endpoint, such as https://HOST/v1"),
        ("https://ho st/v1", {}, "the address of an endpoint, such as https://HOST/v1"),
        ("https://host/v1", {"agreement": 0.5}, "teaching.agreement is among several answers"),
        ("folder", {}, "teaching.model is of an endpoint, and corpus.teacher is a model of ours"),
        (
            "folder",
            {"model": "", "prompt_file": "", "key": "", "concurrency": 4, "agreement": 0.5},
            "teaching.agreement",
        ),
    ],
)
def test_what_an_address_may_be(teacher: str, teaching: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as told:
        check_recipe(tree(teacher, teaching), "recipe")
    assert "word@" not in str(told.value)
    assert "=word" not in str(told.value)


def test_labels_do_not_come_back() -> None:
    asked = tree("folder", {"model": "", "prompt_file": "", "key": "", "round_trip": "back", "round_trip_chrf": 40})
    asked["teaching"].pop("concurrency")
    with pytest.raises(UserError, match="of task sentiment these are labels: remove it"):
        check_recipe({**asked, "task": "sentiment", "model": {}, "vocabulary": {}}, "recipe")


def test_a_form_may_change_the_section_alone() -> None:
    check_recipe({"name": "x", "corpus": {"train": ["rows.tsv"]}, "teaching": {"token_budget": 9}}, "recipe")


@pytest.mark.parametrize("key", ["sk-" + 120 * "s3cret", 123456789, ["s3cret"]])
def test_no_sentence_shows_what_was_written_as_a_key(key: Any) -> None:
    with pytest.raises(UserError, match=r"teaching.key is the name of a key as \$\{NAME\}") as told:
        check_recipe(tree("https://host/v1", {"key": key}), "recipe")
    assert not re.search("s3cret|12345", str(told.value))


@pytest.mark.parametrize("key", ["ses\name", "sésame"])
def test_a_key_that_no_header_holds_is_a_sentence_without_it(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEACHER_KEY", key)
    with pytest.raises(UserError, match="is no key, for it has a line break") as told:
        corpus_of(tree("https://host/v1"), tmp_path / "home")
    assert not re.search("ses|name|sésame", str(told.value).replace("prompt", ""))


@pytest.mark.parametrize("status", [429, 503])
def test_an_outage_makes_no_corpus_of_a_part(status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_teacher, "FIRST_PAUSE", 0.001)
    away = True

    def answer(asked: str, times: int) -> Said:
        return Said(status=status) if away and asked[-1] > "d" else backwards(asked, times)

    with chat_server(answer) as seen:
        with pytest.raises(UserError, match=rf"does not answer \({status}, 5 times\); run it again"):
            corpus_of(tree(seen.url), tmp_path / "home")
        away = False
        taught = corpus_of(tree(seen.url), tmp_path / "home").facts["taught"]
        assert (taught["asked"], taught["known"], taught["kept"]) == (4, 4, 8)


def test_a_budget_reaches_the_end_past_texts_that_are_always_refused(tmp_path: Path) -> None:
    def answer(asked: str, times: int) -> Said:
        return Said(status=400, body=f"no {asked} {times}") if asked[-1] in "abc" else backwards(asked, times)

    with chat_server(answer) as seen:
        for _ in range(2):
            with pytest.raises(UserError, match="budget of this run is spent, after 4 requests"):
                corpus_of(tree(seen.url, {"request_budget": 4}), tmp_path / "home")
        taught = corpus_of(tree(seen.url, {"request_budget": 4}), tmp_path / "home").facts["taught"]
        assert (taught["known"], taught["kept"]) == (5, 5)
        assert taught["left_out"]["refused (400)"] == 3, "counted by status, whatever the server says of each"


def test_a_prompt_that_changes_meanwhile_answers_for_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = taught_corpus.clean_texts

    def edited(*given: Any) -> Any:
        Path("prompt.txt").write_text("Otherwise: {source}")
        return clean(*given)

    monkeypatch.setattr(taught_corpus, "clean_texts", edited)
    with chat_server(backwards) as seen:
        with pytest.raises(UserError, match=r"teaching.prompt_file: prompt.txt changed meanwhile"):
            corpus_of(tree(seen.url), tmp_path / "home")
        assert not seen.requests


@pytest.mark.parametrize("tokens", ["many", None, [1]])
def test_a_count_of_tokens_that_is_none_counts_nothing(tokens: Any, tmp_path: Path) -> None:
    choices = [{"message": {"content": "answer"}, "finish_reason": "stop"}]
    body = json.dumps({"choices": choices, "usage": {"total_tokens": tokens}})
    with chat_server(lambda *_: Said(body=body)) as seen:
        assert corpus_of(tree(seen.url), tmp_path / "home").facts["taught"]["tokens"] == 0


def test_a_key_that_is_refused_ends_the_run_at_once(tmp_path: Path) -> None:
    with chat_server(lambda *_: Said(status=401, body=json.dumps({"error": "sesame is wrong"}))) as seen:
        with pytest.raises(UserError, match=r"the key \$\{TEACHER_KEY\} is refused") as told:
            corpus_of(tree(seen.url), tmp_path / "home")
        assert "sesame" not in str(told.value)
        assert len(seen.requests) <= 2  # one may be under way
