"""A corpus with the answers of a teacher: its training split grows by texts that the recipe gives without an answer.

Sequence-level distillation (Kim and Rush 2016, https://aclanthology.org/D16-1139), and turned round back-translation
(Sennrich et al. 2016, https://aclanthology.org/P16-1009), whose sources are tagged.

Held-out rows are those of the corpus before: no text of theirs is asked, and no row of a teacher joins them. Texts and
pairs are cleaned by the corpus stage itself, each as the training text of a corpus of their own.
"""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.artifact.manifest import MANIFEST_FILE, Manifest
from seqloom.batch_inference.input_table import open_input
from seqloom.corpus.back_translation import tagged
from seqloom.corpus.corpus_files import CHUNK, REPORT_FILE, TableWriter
from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.similar_groups import SIMILARITY
from seqloom.corpus.sources import Sources, locate
from seqloom.corpus.stage import build_corpus
from seqloom.distillation.answer_filter import AnswerFilter
from seqloom.distillation.distilled_corpus import PAIRS, Checking, DistillationReport, distill
from seqloom.distillation.held_out_texts import HeldOutTexts
from seqloom.distillation.teacher import BudgetSpent, Teacher, TeacherReply
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.schema import CorpusSection

ORIGIN = "teacher"  # in place of the file of a row
EXAMPLES = 3
HELD_OUT = "held out"  # why a text is not asked, or a pair not learned from
_OF_TEXTS = (
    "header", "delimiter", "escape", "sheet", "encoding", "max_characters", "normalizers", "exclude", "privacy",
    "name_list", "max_reject_share", "scheduler",
)  # fmt: skip


def side_of(section: CorpusSection) -> str:
    """Return the side that texts without an answer are of."""
    return "target" if section.monolingual_target else "source"


def field_of(section: CorpusSection) -> str:
    """Return the field of the recipe that names the texts."""
    return f"corpus.monolingual_{side_of(section)}"


@dataclass(frozen=True)
class CleanRows:
    """Rows that a corpus stage kept and that no held-out text forbids."""

    file: Path  # Parquet, with the columns source and target
    rows: int
    read: int
    left_out: Counter[str]  # by reason


def clean_texts(
    section: CorpusSection, texts: Sources, corpus: Path, whitespace: str, folder: Path, progress: Progress
) -> CleanRows:
    """Clean the texts for a teacher, each its own target, in `folder`, but for those that `corpus` holds out.

    Raises:
        UserError: too many of the texts cannot be read, or none is left.
    """
    side = side_of(section)
    language, column = getattr(section, f"{side}_language"), getattr(section, f"{side}_column")
    own = CorpusSection.model_validate(
        {
            **{name: getattr(section, name) for name in _OF_TEXTS},
            "train": section.monolingual[:1],  # the others are among `texts`
            "format": "texts",
            "source_column": column,
            "target_column": column,
            "overfit": True,  # nothing is held out of them
            "source_language": language,
            "target_language": language,
            "whitespace": whitespace,
        }
    )
    held_out = HeldOutTexts(corpus, side, SIMILARITY if section.split_by == "similar" else 0.0)
    return _clean(own, texts, folder, held_out, field_of(section), progress)


def _clean(
    section: CorpusSection, sources: Sources, folder: Path, held_out: HeldOutTexts, field: str, progress: Progress
) -> CleanRows:
    """Build a corpus of training rows alone in `folder`; `field` is what an error names in place of corpus.train."""
    folder.mkdir()
    try:
        facts = build_corpus(section, sources, folder, progress)
    except UserError as error:
        column = f"corpus.{held_out.side}_column"  # texts of one side are both sides of their rows
        raise UserError(str(error).replace("corpus.train", field).replace("corpus.source_column", column)) from None
    file = folder / "rows.parquet"
    rows, dropped = held_out.leave_out(folder, file)
    rejected: Any = facts["rejected"]
    if not rows:
        raise UserError(
            f"{field}: nothing is left to learn from: each {held_out.side} is one of the validation or test split; "
            "give other texts"
        )
    read: Any = facts["read"]
    return CleanRows(file, rows, read, Counter(rejected) + Counter({HELD_OUT: dropped}))


@dataclass(frozen=True)
class Teaching:
    """A corpus, the recipe's section of it, and the teacher that is to add to it."""

    section: CorpusSection
    corpus: Manifest
    texts: Sources  # that are to be answered
    teacher: Callable[[], AbstractContextManager[Teacher]]  # it is there only while it is asked
    answers: Path  # folder of all answers of this teacher, kept for other texts
    chosen: AnswerFilter = field(default_factory=AnswerFilter)
    round_trip: Checking | None = None

    def build(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write the corpus with the rows of the teacher to `folder`, and return the facts of report.json.

        Raises:
            UserError: too many of the texts cannot be read, or none has an answer that the filters let pass.
        """
        whitespace = self.corpus.facts["whitespace"]
        with TemporaryDirectory(dir=folder, prefix=".teacher-") as name:
            scratch = Path(name)
            texts = clean_texts(self.section, self.texts, self.corpus.path, whitespace, scratch / "texts", progress)
            report = self._asked(texts.file, scratch / "asked", progress)
            pairs = self._clean_pairs(scratch, progress)
            self._copy(folder, pairs.file)
            examples = _examples(pairs.file)
        facts = dict(self.corpus.facts)
        facts["rows"] = {**facts["rows"], "train": facts["rows"]["train"] + pairs.rows}
        facts["taught"] = {
            "side": side_of(self.section),
            "teacher": self.section.teacher,
            "texts": texts.read,
            "asked": report.asked,
            "known": report.known,
            "tokens": report.tokens,
            "kept": pairs.rows,
            "left_out": dict((Counter(report.dropped) + texts.left_out + pairs.left_out).most_common()),
            "examples": examples,
        }
        (folder / REPORT_FILE).write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
        return facts

    def _asked(self, texts: Path, folder: Path, progress: Progress) -> DistillationReport:
        """Have the teacher answer the texts, into pairs.jsonl."""
        table = open_input(texts, "parquet", "source")
        longest, personal = self.section.max_characters, PersonalData.of(self.section)
        keep = self.corpus.facts["whitespace"] == "keep"
        try:
            with self.teacher() as teacher:
                return distill(
                    _WithinBudget(teacher),
                    table,
                    folder,
                    self.chosen,
                    longest,
                    progress,
                    personal,
                    self.round_trip,
                    self.answers,
                    keep,
                )
        except UserError as error:  # the file is in no recipe
            raise type(error)(str(error).replace(str(texts), field_of(self.section))) from None

    def _clean_pairs(self, scratch: Path, progress: Progress) -> CleanRows:
        """Clean the pairs as the recipe says, each side where the recipe has it."""
        file = scratch / "pairs.parquet"
        _write_pairs(scratch / "asked" / PAIRS, file, turned=side_of(self.section) == "target")
        changed = {
            "train": [str(file)], "validation": [], "test": [], "overfit": True,
            "format": "parquet", "source_column": "source", "target_column": "target", "query": "",
            "whitespace": self.corpus.facts["whitespace"], "split_by": "folded", "canaries": 0, "scheduler": "",
            "teacher": "", "monolingual_source": [], "monolingual_target": [],
        }  # fmt: skip
        section, field = self.section.model_copy(update=changed), field_of(self.section)
        held_out = HeldOutTexts(self.corpus.path, "source", _likeness(self.section))
        try:
            return _clean(section, locate(section, scratch), scratch / "pairs", held_out, field, progress)
        except UserError as error:
            raise UserError(str(error).replace(str(file), "the answers of the teacher")) from None

    def _copy(self, folder: Path, added: Path) -> None:
        """Copy the corpus to `folder`, with the pairs behind those of its training split."""
        for file in self.corpus.path.iterdir():
            if file.name not in ("train.parquet", REPORT_FILE, MANIFEST_FILE):
                shutil.copyfile(file, folder / file.name)
        with pq.ParquetFile(self.corpus.path / "train.parquet") as before, pq.ParquetFile(added) as pairs:
            writer = TableWriter(folder / "train.parquet", before.schema_arrow)
            for batch in before.iter_batches():
                writer.add(*(_plain(column) for column in batch.columns))
            line = 1
            for batch in pairs.iter_batches():
                source, target = batch.columns
                if side_of(self.section) == "target":
                    source = pa.array(map(tagged, source.to_pylist()), pa.string())
                numbers = pa.array(range(line, line + len(batch)), pa.int32())
                writer.add(source, target, pa.array([ORIGIN] * len(batch)), numbers)
                line += len(batch)
            writer.close()


class _WithinBudget:
    """A teacher whose spent budget ends the run: a corpus of some of its answers would stand for one of all."""

    def __init__(self, teacher: Teacher) -> None:
        self._teacher, self.identity = teacher, teacher.identity

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[int, TeacherReply]]:
        """Yield the replies of the teacher.

        Raises:
            UserError: its budget is spent, or it answers nobody.
        """
        try:
            yield from self._teacher.ask(texts)
        except BudgetSpent as spent:
            raise UserError(
                f"corpus.teacher: the budget of this run is spent, after {spent}; the answers are kept: the next run "
                "goes on, or raise teaching.request_budget or token_budget"
            ) from None


def _likeness(section: CorpusSection) -> float:
    """Return how similar two sources may be of which one is held out; 0 where only equal ones are kept apart."""
    filters = DuplicateFilters.of(section)
    limits = [filters.similarity] if filters.near else []
    return min([*limits, *([SIMILARITY] if section.split_by == "similar" else [])], default=0.0)


def _write_pairs(pairs: Path, to: Path, turned: bool) -> None:
    """Write pairs.jsonl as Parquet; `turned` makes the answers sources."""
    names = ("target", "source") if turned else ("source", "target")
    schema = pa.schema([(name, pa.string()) for name in names])
    with pairs.open(encoding="utf-8") as file, pq.ParquetWriter(to, schema) as writer:
        while rows := list(map(json.loads, islice(file, CHUNK))):
            writer.write_table(pa.table([[row[key] for row in rows] for key in ("source", "target")], schema=schema))


def _examples(pairs: Path) -> list[dict[str, str]]:
    with pq.ParquetFile(pairs) as file:
        first: list[dict[str, str]] = next(file.iter_batches(EXAMPLES)).to_pylist()
    return first


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
