"""Distillation against a real server: what is asked, once, what is kept, and what is one sentence."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.batch_inference.input_table import open_input
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.stage import build_corpus
from seqloom.distillation import endpoint_teacher
from seqloom.distillation.answer_cache import AnswerCache
from seqloom.distillation.answer_filter import AnswerFilter, consensus
from seqloom.distillation.distilled_corpus import DistillationReport, distill
from seqloom.distillation.endpoint_teacher import Endpoint, EndpointTeacher
from seqloom.distillation.round_trip import RoundTrip
from seqloom.distillation.teacher import LocalTeacher
from seqloom.errors import UserError
from seqloom.progress import unwatched
from tests.distillation.chat_server import Said, Seen, chat_server

TEXTS = ["one", "two", "three", "", "two", "x" * 50]
ALL = AnswerFilter()


def upper(text: str, _: int) -> Said:
    return Said((text.removeprefix("Say: ").upper(),))


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_teacher, "FIRST_PAUSE", 0.001)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"source": text}) + "\n" for text in TEXTS))
    return tmp_path / "texts.jsonl"


def asked_of(seen: Seen, **changes: Any) -> Endpoint:
    return replace(Endpoint(seen.url, "big", "Say: {source}"), **changes)


def run(endpoint: Endpoint, file: Path, to: Path, chosen: AnswerFilter = ALL) -> DistillationReport:
    teacher = EndpointTeacher(endpoint)
    try:
        return distill(teacher, open_input(file, "auto", "source"), to, chosen, 40, unwatched)
    finally:
        teacher.close()


def pairs(to: Path) -> list[tuple[str, str]]:
    rows = map(json.loads, (to / "pairs.jsonl").read_text(encoding="utf-8").splitlines())
    return [(row["source"], row["target"]) for row in rows]


def test_each_text_is_asked_once_and_never_again(file: Path, tmp_path: Path) -> None:
    with chat_server(upper) as seen:
        report = run(asked_of(seen), file, tmp_path / "to")
        assert sorted(seen.texts()) == ["Say: one", "Say: three", "Say: two"]
        assert pairs(tmp_path / "to") == [("one", "ONE"), ("two", "TWO"), ("three", "THREE"), ("two", "TWO")]
        assert (report.kept, report.asked, report.tokens) == (4, 3, 30)
        assert report.dropped == {"no text": 1, "longer than 40 characters": 1}
        again = run(asked_of(seen), file, tmp_path / "to")
        assert (again.asked, again.known, again.kept, len(seen.requests)) == (0, 4, 4, 3)
        run(asked_of(seen, model="other"), file, tmp_path / "to")
        assert len(seen.requests) == 6, "another model is another teacher"


def test_the_pairs_are_a_corpus(file: Path, tmp_path: Path) -> None:
    from seqloom.corpus.sources import locate
    from seqloom.recipe.schema import CorpusSection

    with chat_server(upper) as seen:
        run(asked_of(seen), file, tmp_path / "to")
    section = CorpusSection(train=[str(tmp_path / "to" / "pairs.jsonl")], overfit=True)
    (tmp_path / "corpus").mkdir()
    facts = build_corpus(section, locate(section, tmp_path), tmp_path / "corpus", unwatched)
    assert facts["rows"]["train"] == 3


def test_a_teacher_outside_sees_no_personal_data_and_no_file_holds_any(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps({"source": "mail jane@x.example"}) + "\n" + '{"source": bob@x.example')
    to = tmp_path / "to"
    with chat_server(lambda text, _: Said((f"{text} or joe@x.example",))) as seen:
        teacher = EndpointTeacher(asked_of(seen))
        table = open_input(tmp_path / "t.jsonl", "auto", "source")
        distill(teacher, table, to, ALL, 99, unwatched, PersonalData())
        teacher.close()
    assert pairs(to) == [("mail [EMAIL_1]", "Say: mail [EMAIL_1] or [EMAIL_2]")]
    assert not [file for file in to.iterdir() if b"x.example" in file.read_bytes()]


def test_what_passes_is_tried_again_and_the_rest_goes_on(file: Path, tmp_path: Path) -> None:
    def answer(text: str, times: int) -> Said:
        match text, times:
            case "Say: one", 1:
                return Said(status=429, headers={"retry-after": "0.01"})
            case "Say: two", 1 | 2:
                return Said(status=503)
            case "Say: three", _:
                return Said(status=400, body="too long for me")
        return upper(text, times)

    with chat_server(answer) as seen:
        report = run(asked_of(seen), file, tmp_path / "to")
        assert pairs(tmp_path / "to") == [("one", "ONE"), ("two", "TWO"), ("two", "TWO")]
        assert report.dropped["refused (400)"] == 1
        assert [seen.texts().count(f"Say: {text}") for text in ("one", "two", "three")] == [2, 3, 1]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said(("",)), "an empty answer"),
        (Said(("a", "b")), "2 answers where 1 were asked for"),
        (Said(()), "0 answers where 1 were asked for"),
        (Said(("a",), finish="length"), "the answer was cut off at its limit of tokens"),
    ],
)
def test_a_poor_answer_is_left_out_and_asked_again(said: Said, reason: str, file: Path, tmp_path: Path) -> None:
    with chat_server(lambda text, times: said if text == "Say: one" and times == 1 else upper(text, times)) as seen:
        assert run(asked_of(seen), file, tmp_path / "to").dropped[reason] == 1
        assert f"1,{reason},one" in (tmp_path / "to" / "failures.csv").read_text(encoding="utf-8")
        assert run(asked_of(seen), file, tmp_path / "to").kept == 4


@pytest.mark.parametrize(
    ("changes", "asked"), [({"request_budget": 2}, 2), ({"token_budget": 10, "concurrency": 1}, 1)]
)
def test_a_budget_ends_a_run_and_the_next_goes_on(
    changes: dict[str, int], asked: int, file: Path, tmp_path: Path
) -> None:
    with chat_server(upper) as seen:
        first = run(asked_of(seen, **changes), file, tmp_path / "to")
        assert first.budget_spent
        assert first.asked == asked == len(seen.requests)
        assert "the budget is spent: run it again to go on" in first.headline
        assert run(asked_of(seen), file, tmp_path / "to").kept == 4
        assert len(seen.requests) == 3


def test_of_several_answers_the_one_most_like_the_others(file: Path, tmp_path: Path) -> None:
    said = {"one": ("eins", "eins", "zwei"), "two": ("abc", "xyz", "klm"), "three": ("drei", "drei.", "drei!")}
    with chat_server(lambda text, _: Said(said[text.removeprefix("Say: ")])) as seen:
        report = run(asked_of(seen, answers=3, temperature=0.7), file, tmp_path / "to", AnswerFilter(agreement=0.3))
        assert {request["n"] for request in seen.requests} == {3}
    assert pairs(tmp_path / "to") == [("one", "eins"), ("three", "drei")]
    assert report.dropped["the answers disagree"] == 2


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_the_consensus_is_an_answer_and_of_equal_ones_certain(answers: list[str]) -> None:
    answer, agreement = consensus(answers)
    assert answer in answers
    assert 0 <= agreement <= 1
    if len(set(answers)) == 1:
        assert agreement == 1


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (AnswerFilter(copies=False), "a copy of the text"),
        (AnswerFilter(length_ratio=2), "more than 2 times as long or short"),
        (AnswerFilter(agreement=0.9), "the answers disagree"),
    ],
)
def test_what_is_thrown_away(chosen: AnswerFilter, reason: str) -> None:
    poor = {"a copy of the text": ("same", "same "), "more than 2 times as long or short": ("ab", "abcde")}
    assert chosen.reason(*poor.get(reason, ("same", "other")), 0.5) == reason
    assert AnswerFilter().reason(*poor.get(reason, ("same", "other")), 0.5) == ""


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TEACHER_KEY", "sk-very-secret")
    return "${TEACHER_KEY}"


def test_the_key_goes_to_the_server_and_nowhere_else(key: str, file: Path, tmp_path: Path) -> None:
    with chat_server(upper) as seen:
        run(asked_of(seen, key=key), file, tmp_path / "to")
        assert seen.keys == {"Bearer sk-very-secret"}
    for made in (tmp_path / "to").iterdir():
        assert b"sk-very-secret" not in made.read_bytes(), made


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            Said(status=401, body="no sk-very-secret here"),
            r"the key \$\{TEACHER_KEY\} is refused: .* \(401: no … here\)",
        ),
        (Said(status=404, body="unknown"), "has no model big, or is not the address"),
        (Said(status=302, headers={"location": "https://other/v1"}), "sends on to https://other/v1; give that address"),
        (Said(body="<html>"), "the answer is none of chat completions"),
        (Said(body="[]"), "the answer is none of chat completions"),
        (Said(body='{"choices": null}'), "the answer is none of chat completions"),
        (Said(status=400, body="no"), r"no text has an answer to learn from: refused \(400\).*says: no"),
    ],
)
def test_a_teacher_that_answers_nobody_is_one_sentence(
    said: Said, sentence: str, key: str, file: Path, tmp_path: Path
) -> None:
    with chat_server(lambda *_: said) as seen, pytest.raises(UserError, match=sentence):
        run(asked_of(seen, key=key), file, tmp_path / "to")


def test_a_server_that_is_away_is_one_sentence_and_loses_nothing(file: Path, tmp_path: Path) -> None:
    with chat_server(upper) as seen:
        run(asked_of(seen, request_budget=1), file, tmp_path / "to")
    with pytest.raises(UserError, match=r"does not answer .* What was answered is kept"):
        run(asked_of(seen), file, tmp_path / "to")
    with chat_server(upper) as back:
        assert run(replace(asked_of(seen), url=back.url), file, tmp_path / "to").kept == 4
        assert len(back.requests) == 2, "the address does not matter, the first answer is still there"


def test_a_key_that_is_not_set_is_one_sentence() -> None:
    with pytest.raises(UserError, match="TEACHER_KEY is not set"):
        EndpointTeacher(Endpoint("https://host/v1", "big", "{source}", key="${TEACHER_KEY}"))


def test_an_address_that_no_client_takes_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"no address of an endpoint \(Invalid IDNA hostname.*write https://HOST/v1"):
        EndpointTeacher(Endpoint("https://\N{LINE SEPARATOR}x/v1", "big", "{source}"))


def test_a_file_that_is_no_cache_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "answers.db").write_text("not a database, but long enough to be looked at" * 10)
    with pytest.raises(UserError, match="is no cache of answers"):
        AnswerCache(tmp_path / "answers.db", "x")


class Capitals:
    """A generator that answers in capitals, and cannot answer one text."""

    decoding = None

    def reply(self, texts: list[str], decoding: object) -> dict[str, list[str]]:
        assert decoding is self.decoding
        if "two" in texts:
            raise UserError("two: cannot be answered")
        return {"prediction": [text.upper() for text in texts]}


def test_a_model_of_ours_teaches_too(file: Path, tmp_path: Path) -> None:
    """One text that it cannot answer costs no other."""
    teacher = LocalTeacher(Capitals(), "digest")  # type: ignore[arg-type]
    table = open_input(file, "auto", "source")
    report = distill(teacher, table, tmp_path / "to", ALL, 100, unwatched)
    assert pairs(tmp_path / "to") == [("one", "ONE"), ("three", "THREE"), ("x" * 50, "X" * 50)]
    assert report.dropped == {"two: cannot be answered": 2, "no text": 1}


class Back:
    """A model of the other direction, which has lost one word."""

    decoding = None

    def __init__(self, **further: list[object]) -> None:
        self.further = further

    def reply(self, texts: list[str], decoding: object) -> dict[str, list[object]]:
        assert decoding is self.decoding
        return {"prediction": ["?" if text == "TWO" else text.lower() for text in texts], **self.further}


def test_what_does_not_come_back_is_left_out(file: Path, tmp_path: Path) -> None:
    back = RoundTrip(Back(), least=40.0)  # type: ignore[arg-type]
    with chat_server(upper) as seen:
        teacher = EndpointTeacher(asked_of(seen))
        table = open_input(file, "auto", "source")
        report = distill(teacher, table, tmp_path / "to", ALL, 40, unwatched, round_trip=lambda: nullcontext(back))
        teacher.close()
    assert pairs(tmp_path / "to") == [("one", "ONE"), ("three", "THREE")]
    assert report.dropped[RoundTrip.reason] == 2
    rows = map(json.loads, (tmp_path / "to" / "pairs.jsonl").read_text(encoding="utf-8").splitlines())
    assert [row["round_trip"] for row in rows] == [100.0, 100.0]
    assert "2,the round trip is unlike the text,two" in (tmp_path / "to" / "failures.csv").read_text(encoding="utf-8")


def test_a_round_trip_by_labels_is_one_sentence() -> None:
    back = RoundTrip(Back(probabilities=[{"good": 1.0}]), least=40.0)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="the model of the round trip tells labels"):
        back.scores(["one"], ["ONE"])
