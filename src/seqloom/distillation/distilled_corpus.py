"""A corpus from a teacher: a file of texts in, pairs of a text and the teacher's answer out."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from filelock import FileLock

from seqloom.artifact.fsync import sync
from seqloom.artifact.full_disk import full_disk_reported
from seqloom.artifact.permissions import hand_over, output_folder
from seqloom.batch_inference.input_table import InputTable
from seqloom.corpus.normalization import normalize
from seqloom.corpus.personal_data import PersonalData
from seqloom.distillation.answer_cache import AnswerCache
from seqloom.distillation.answer_filter import AnswerFilter, consensus
from seqloom.distillation.round_trip import RoundTrip
from seqloom.distillation.teacher import BudgetSpent, Teacher, TeacherReply
from seqloom.errors import UserError
from seqloom.progress import Progress

PAIRS, FAILURES, REPORT, CACHE = "pairs.jsonl", "failures.csv", "report.json", "answers.db"
Checking = Callable[[], AbstractContextManager[RoundTrip]]
"""Loads the model of the direction back, for as long as answers are checked."""
AT_ONCE = 256  # texts given to the teacher at a time
FAILURES_AT_FIRST = 8  # after which a run ends in which nothing was answered
EXAMPLES = 5
NOT_ASKED = "not asked: the budget is spent"


@dataclass(frozen=True)
class DistillationReport:
    """Counts of texts that were asked, kept and left out."""

    folder: str
    pairs_file: str
    rows: int
    asked: int  # in this run
    known: int  # answered before
    kept: int
    dropped: dict[str, int]  # rows by reason
    tokens: int  # of this run, as the teacher counts them
    seconds: float
    budget_spent: bool
    examples: list[dict[str, str]]

    @property
    def headline(self) -> str:
        """The result in one line."""
        dropped = sum(self.dropped.values())
        parts = [f"{self.kept:,} pairs of {self.rows:,} texts", f"{self.asked:,} asked"]
        parts += [f"{self.known:,} known before"] if self.known else []
        parts += [f"{dropped:,} left out"] if dropped else []
        parts += [f"{self.tokens:,} tokens"] if self.tokens else []
        return ", ".join(parts) + ("; the budget is spent: run it again to go on" if self.budget_spent else "")


def distill(
    teacher: Teacher,
    table: InputTable,
    to: Path,
    chosen: AnswerFilter,
    longest: int,
    progress: Progress,
    personal: PersonalData | None = None,
    round_trip: Checking | None = None,
    answers: Path | None = None,
    keep: bool = False,
) -> DistillationReport:
    """Ask the teacher for what is not known yet, and write the pairs that are kept into `to`.

    A text of more than `longest` characters is not asked. Rows with the same text are asked once. With `personal` the
    teacher is shown, and files hold, placeholders. With `round_trip` answers that do not come back are left out;
    it is opened when all is asked.
    `answers` is the folder of all answers so far, `to` where it is None. With `keep` white space stays as it is.

    Raises:
        UserError: nothing was answered, the teacher answers nobody, or the disk is full.
    """
    with full_disk_reported(to.absolute(), "the answers so far are kept"):
        output_folder(to)
        with FileLock(to / ".lock"), AnswerCache((answers or to) / CACHE, teacher.identity) as cache:
            started = time.monotonic()
            run = _Run(teacher, table, cache, longest, personal, keep)
            run.ask(progress)
            with round_trip() if round_trip else nullcontext() as back:
                report = run.write(to, chosen, back, started)
            hand_over(to)
    if not report.kept:
        reasons = ", ".join(f"{reason} ({count})" for reason, count in report.dropped.items())
        said = f"; the teacher says: {run.said}" if run.said else ""
        raise UserError(f"{table.file.location}: no text has an answer to learn from: {reasons}{said}")
    return report


class _Run:
    """One pass that asks and one that writes; all that lies between is in the cache."""

    def __init__(
        self,
        teacher: Teacher,
        table: InputTable,
        cache: AnswerCache,
        longest: int,
        personal: PersonalData | None,
        keep: bool,
    ) -> None:
        self._teacher, self._table, self._cache, self._longest, self._keep = teacher, table, cache, longest, keep
        self._personal = personal
        self._failures: dict[str, str] = {}
        self._details: dict[str, str] = {}  # of failures
        self._asked = self._known = self._tokens = 0
        self._spent = False

    @property
    def said(self) -> str:
        """Words of the teacher on a text that it did not answer; empty where it said nothing."""
        return next(filter(None, self._details.values()), "")

    def ask(self, progress: Progress) -> None:
        """Ask what is new, and at the end what was asked in vain before, which a budget is not to be spent on first."""
        done, failed_before = 0, dict[str, None]()
        for chunk in self._chunks():
            new = dict.fromkeys(text for text, reason in chunk if not reason and self._is_new(text))
            self._known += sum(not reason for _, reason in chunk) - len(new)
            again = {text: None for text in new if text not in self._failures and self._cache.has_failed(text)}
            failed_before |= again
            self._ask_for([text for text in new if text not in again], done, progress)
            done += len(chunk)
            progress(done, self._table.rows, "texts", f"{self._tokens:,} tokens" if self._tokens else "")
        texts = list(failed_before)
        for start in range(0, len(texts), AT_ONCE):
            self._ask_for(texts[start : start + AT_ONCE], done, progress)

    def _ask_for(self, texts: list[str], done: int, progress: Progress) -> None:
        if not self._spent:
            self._answers_to(texts, done, progress)
        if self._spent:
            self._failures |= {text: NOT_ASKED for text in texts if self._is_new(text) and text not in self._failures}

    def _answers_to(self, texts: list[str], done: int, progress: Progress) -> None:
        try:
            for index, reply in self._teacher.ask(texts):
                self._asked += 1
                self._tokens += reply.tokens
                if reply.answers:
                    self._cache.put(texts[index], self._without_personal_data(texts[index], reply))
                else:
                    self._failures[texts[index]] = reply.failure
                    self._details[texts[index]] = reply.detail
                    self._cache.put_failure(texts[index])
                if self._asked == len(self._failures) == FAILURES_AT_FIRST and not self._known:
                    why = ": ".join(filter(None, (reply.failure, reply.detail)))
                    raise UserError(f"the first {FAILURES_AT_FIRST} texts have no answer: {why}")
                progress(done, self._table.rows, "texts", f"{self._asked:,} asked")
        except BudgetSpent:
            self._spent = True

    def _without_personal_data(self, text: str, reply: TeacherReply) -> TeacherReply:
        """Return a reply whose answers name nobody that the teacher made up either."""
        if not self._personal:
            return reply
        answers = (self._personal.replace(text, normalize(answer, self._keep))[1] for answer in reply.answers)
        return replace(reply, answers=tuple(answers))

    def _is_new(self, text: str) -> bool:
        return self._cache.get(text) is None

    def _chunks(self) -> Iterator[list[tuple[str, str]]]:
        """Yield texts with the reason that one cannot be asked, `AT_ONCE` at a time."""
        rows = self._rows()
        while chunk := list(islice(rows, AT_ONCE)):
            yield chunk

    def _rows(self) -> Iterator[tuple[str, str]]:
        for rows in self._table.shards(AT_ONCE):
            for row, value in enumerate(rows.texts):
                text = normalize(value, self._keep) if isinstance(value, str) else ""
                if self._personal:
                    (text,) = self._personal.replace(text)
                too_long = f"longer than {self._longest:,} characters" if len(text) > self._longest else ""
                yield text, rows.wrong.get(row, "") or ("" if text else "no text") or too_long

    def write(self, folder: Path, chosen: AnswerFilter, back: RoundTrip | None, started: float) -> DistillationReport:
        dropped: Counter[str] = Counter()
        kept = 0
        examples: list[dict[str, str]] = []
        unfinished = {name: folder / f".{name}" for name in (PAIRS, FAILURES)}
        with (
            unfinished[PAIRS].open("w", encoding="utf-8") as pairs,
            unfinished[FAILURES].open("w", encoding="utf-8", newline="") as failures,
        ):
            listed = csv.writer(failures)
            listed.writerow(["row", "reason", "text"])
            for number, (text, why, pair) in enumerate(self._pairs(chosen, back), start=1):
                if why:
                    dropped[why] += 1
                    said = self._details.get(text, "")
                    listed.writerow([number, f"{why}: {said}" if said else why, text[:200]])
                    continue
                kept += 1
                pairs.write(json.dumps(pair, ensure_ascii=False) + "\n")
                if len(examples) < EXAMPLES:
                    examples.append({"source": text, "target": str(pair["target"])})
        for name, file in unfinished.items():
            sync(file)
            file.rename(folder / name)
        report = DistillationReport(
            folder=str(folder),
            pairs_file=str(folder / PAIRS),
            rows=self._table.rows,
            asked=self._asked,
            known=self._known,
            kept=kept,
            dropped=dict(dropped.most_common()),
            tokens=self._tokens,
            seconds=round(time.monotonic() - started, 3),
            budget_spent=self._spent,
            examples=examples,
        )
        (folder / REPORT).write_text(json.dumps(asdict(report), ensure_ascii=False, indent=2), encoding="utf-8")
        return report

    def _pairs(self, chosen: AnswerFilter, back: RoundTrip | None) -> Iterator[tuple[str, str, dict[str, object]]]:
        """Yield each text with the reason why it has no pair, or with its pair."""
        for chunk in self._chunks():
            rows = [(text, *self._answer(text, reason, chosen)) for text, reason in chunk]
            good = [(text, answer) for text, answer, _, why in rows if not why]
            scores = back.scores(*map(list, zip(*good, strict=True))) if back and good else []
            came_back = iter(scores)
            for text, answer, agreement, why in rows:
                pair: dict[str, object] = {"source": text, "target": answer, "agreement": round(agreement, 4)}
                if back and not why:
                    score = next(came_back)
                    pair["round_trip"] = round(score, 2)
                    why = back.reason if score < back.least else ""
                yield text, why, pair

    def _answer(self, text: str, reason: str, chosen: AnswerFilter) -> tuple[str, float, str]:
        """Return answer and agreement of a row, or the reason that it has none."""
        if reason:
            return "", 0.0, reason
        reply = self._cache.get(text)
        if reply is None:
            return "", 0.0, self._failures.get(text, NOT_ASKED)
        answer, agreement = consensus(reply.answers)
        answer = normalize(answer, self._keep)
        if self._personal:
            _, answer = self._personal.replace(text, answer)
        return answer, agreement, chosen.reason(text, answer, agreement) or ("" if answer else "an empty answer")
