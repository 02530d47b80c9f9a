"""The task that asks a recipe's teacher: what it holds meanwhile, what is tried again, and what it reads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.corpus import sources
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.distillation import taught_corpus
from seqloom.distillation.teacher import TeacherReply
from seqloom.progress import unwatched
from seqloom.recipe.schema import Recipe
from seqloom.registry import teacher_version
from tasks import preparation
from tasks.preparation import ask_teacher, prepare_corpus
from tasks.stage_runner import retry_can_help

Events = list[str]


class Recorded:
    """A teacher whose answers are noted among the events."""

    identity = "recorded"

    def __init__(self, events: Events) -> None:
        self._events = events

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[int, TeacherReply]]:
        self._events.append("asked")
        yield from ((index, TeacherReply((f"to {text}",))) for index, text in enumerate(texts))


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("rows.tsv").write_text("source\ttarget\n" + "".join(f"source {n}\ttarget {n}\n" for n in range(60)))
    Path("targets.txt").write_text("new\nnewer\n")
    Path("back").mkdir()
    Path("back/recipe.json").write_text("{}")
    corpus = {"train": ["rows.tsv"], "teacher": "back", "monolingual_target": ["targets.txt"]}
    return Recipe.model_validate({"name": "taught", "corpus": corpus})


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    """What happens while the task runs, in order; the stage is run without Prefect."""
    found: Events = []

    @contextmanager
    def slot(_: Recipe) -> Iterator[None]:
        found.append("slot")
        yield
        found.append("free")

    def noted(name: str, work: Any) -> Any:
        def call(*arguments: Any) -> Any:
            found.append(name)
            return work(*arguments)

        return call

    def run(_stage: Any, _recipe: Recipe, inputs: Sequence[str], write: Any, _force: bool) -> Any:
        assert len(inputs) == 3
        (folder := Path("taught")).mkdir()
        return write(folder, unwatched)

    monkeypatch.setattr(preparation, "slots_for", slot)
    monkeypatch.setattr(preparation, "run_stage", run)
    monkeypatch.setattr(teacher_version, "load_teacher", lambda *_: Recorded(found))
    monkeypatch.setattr(taught_corpus, "build_corpus", noted("cleaned", build_corpus))
    monkeypatch.setattr(sources, "locate_texts", noted("located", sources.locate_texts))
    return found


def test_a_teacher_holds_a_slot_only_while_it_is_asked_and_its_texts_are_located_once(
    recipe: Recipe, events: Events, tmp_path: Path
) -> None:
    (folder := tmp_path / "corpus").mkdir()
    facts = build_corpus(recipe.corpus, locate(recipe.corpus, tmp_path), folder, unwatched)
    task: Any = ask_teacher
    taught = task.fn(recipe, Manifest("corpus", "key", "digest", str(folder), 1.0, facts))
    assert taught["taught"]["kept"] == 2
    assert events == ["located", "cleaned", "slot", "asked", "free", "cleaned"]


@pytest.mark.parametrize("work", [prepare_corpus, ask_teacher])
def test_an_outage_while_text_is_read_is_tried_again(work: Any) -> None:
    assert (work.retries, work.retry_condition_fn) == (3, retry_can_help)
