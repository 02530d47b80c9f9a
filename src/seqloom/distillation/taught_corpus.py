"""A corpus with the answers of a teacher: its training split grows by texts that the recipe gives without an answer.

Sequence-level distillation (Kim and Rush 2016, https://aclanthology.org/D16-1139), and turned round back-translation
(Sennrich et al. 2016, https://aclanthology.org/P16-1009), whose sources are tagged (Caswell et al. 2019,
https://aclanthology.org/W19-5206).

Held-out rows are those of the corpus before: no text of theirs is asked, and no row of a teacher joins them. Texts and
pairs are cleaned by the corpus stage itself, which reads them as the training text beside these rows.
"""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.artifact.manifest import MANIFEST_FILE, Manifest
from seqloom.batch_inference.input_table import open_input
from seqloom.corpus.corpus_files import REPORT_FILE, TableWriter
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.distillation.answer_filter import AnswerFilter
from seqloom.distillation.distilled_corpus import DistillationReport, distill
from seqloom.distillation.teacher import Teacher
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.schema import CorpusSection

TAG = "<BT>"  # in front of a source that a teacher wrote
ORIGIN = "teacher"  # in place of the file of a row
EXAMPLES = 3
_OF_TEXTS = (
    "encoding", "max_characters", "normalizers", "exclude", "privacy", "name_list", "max_reject_share", "scheduler",
)  # fmt: skip


def side_of(section: CorpusSection) -> str:
    """Return the side that texts without an answer are of."""
    return "target" if section.monolingual_target else "source"


def texts_section(section: CorpusSection, corpus: Path, whitespace: str) -> CorpusSection:
    """Return the corpus of the texts, each its own target; its held-out rows are that side of those in `corpus`.

    It is trained on held-out text and on the texts: of the former nothing is left.
    """
    side = side_of(section)
    held_out = {split: [str(corpus / f"{split}.parquet")] for split in ("validation", "test")}
    texts = [
        {"name": f"texts{number}", "train": [place], "format": "texts"}
        for number, place in enumerate(section.monolingual, start=1)
    ]
    language = getattr(section, f"{side}_language")
    return CorpusSection.model_validate(
        {
            **{name: getattr(section, name) for name in _OF_TEXTS},
            **held_out,
            "train": held_out["validation"],
            "source_name": "held-out",
            "sources": texts,
            "format": "parquet",
            "source_column": side,
            "target_column": side,
            "source_language": language,
            "target_language": language,
            "whitespace": whitespace,
        }
    )


@dataclass(frozen=True)
class Teaching:
    """A corpus, the recipe's section of it, and the teacher that is to add to it."""

    section: CorpusSection
    corpus: Manifest
    teacher: Teacher
    home: Path  # where downloads are
    answers: Path  # folder of all answers of this teacher, kept for other texts

    def build(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Write the corpus with the rows of the teacher to `folder`, and return the facts of report.json.

        Raises:
            UserError: too many of the texts cannot be read, or none has an answer that the filters let pass.
        """
        with TemporaryDirectory(dir=folder, prefix=".teacher-") as name:
            scratch = Path(name)
            section = texts_section(self.section, self.corpus.path, self.corpus.facts["whitespace"])
            texts = self._built(section, scratch / "texts", "held-out text", progress)
            report = self._asked(scratch, progress)
            self._write_pairs(scratch)
            answers = "the answers of the teacher"
            pairs = self._built(self._pairs_section(scratch), scratch / "learned", answers, progress)
            added = pq.read_table(scratch / "learned" / "train.parquet", columns=["source", "target"])
            self._copy(folder, _tagged(added) if side_of(self.section) == "target" else added)
        facts = dict(self.corpus.facts)
        facts["rows"] = {**facts["rows"], "train": facts["rows"]["train"] + len(added)}
        facts["taught"] = self._facts(texts, report, pairs, added)
        (folder / REPORT_FILE).write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
        return facts

    def _built(self, section: CorpusSection, folder: Path, texts: str, progress: Progress) -> dict[str, Any]:
        """Build a corpus of `texts`, as an error calls them: their files are in no recipe."""
        folder.mkdir()
        try:
            return build_corpus(section, locate(section, self.home), folder, progress)
        except UserError as error:
            said = str(error).replace("corpus.train:", f"corpus.monolingual_{side_of(self.section)}:")
            raise UserError(said.replace(section.train[0], texts)) from None

    def _asked(self, scratch: Path, progress: Progress) -> DistillationReport:
        """Have the teacher answer the texts, into pairs.jsonl."""
        table = open_input(scratch / "texts" / "train.parquet", "parquet", "source")
        longest, personal = self.section.max_characters, PersonalData.of(self.section)
        return distill(
            self.teacher, table, scratch / "asked", AnswerFilter(), longest, progress, personal, answers=self.answers
        )

    def _write_pairs(self, scratch: Path) -> None:
        """Write pairs.jsonl as Parquet, each side where the recipe has it."""
        names = ("source", "target") if side_of(self.section) == "source" else ("target", "source")
        with (scratch / "asked" / "pairs.jsonl").open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        columns = [pa.array([row[key] for row in rows], pa.string()) for key in ("source", "target")]
        pq.write_table(pa.table(columns, names), scratch / "pairs.parquet")

    def _pairs_section(self, scratch: Path) -> CorpusSection:
        """Return the corpus of the pairs: cleaned as the recipe says, beside the held-out rows of the corpus."""
        changed = {
            "train": [str(scratch / "pairs.parquet")],
            **{split: [str(self.corpus.path / f"{split}.parquet")] for split in ("validation", "test")},
            "format": "parquet", "source_column": "source", "target_column": "target", "query": "",
            "whitespace": self.corpus.facts["whitespace"], "split_by": "folded", "canaries": 0, "scheduler": "",
            "teacher": "", "monolingual_source": [], "monolingual_target": [],
        }  # fmt: skip
        return self.section.model_copy(update=changed)

    def _copy(self, folder: Path, added: pa.Table) -> None:
        for file in self.corpus.path.iterdir():
            if file.name not in ("train.parquet", REPORT_FILE, MANIFEST_FILE):
                shutil.copyfile(file, folder / file.name)
        with pq.ParquetFile(self.corpus.path / "train.parquet") as before:
            writer = TableWriter(folder / "train.parquet", before.schema_arrow)
            for batch in before.iter_batches():
                writer.add(*(_plain(column) for column in batch.columns))
        origin, line = pa.array([ORIGIN] * len(added)), pa.array(range(1, len(added) + 1), pa.int32())
        writer.add(*added.columns, origin, line)
        writer.close()

    def _facts(
        self, texts: Mapping[str, Any], report: DistillationReport, pairs: Mapping[str, Any], added: pa.Table
    ) -> dict[str, Any]:
        of_texts = [counts for name, counts in texts["sources"].items() if name != "held-out"]
        left_out = Counter[str](report.dropped)
        for counts in (*(each["rejected"] for each in of_texts), pairs["rejected"]):
            left_out.update(counts)
        return {
            "side": side_of(self.section),
            "teacher": self.section.teacher,
            "texts": sum(each["read"] for each in of_texts),
            "asked": report.asked,
            "known": report.known,
            "kept": len(added),
            "left_out": dict(left_out.most_common()),
            "examples": added.slice(0, EXAMPLES).to_pylist(),
        }


def _tagged(pairs: pa.Table) -> pa.Table:
    sources = pa.array([f"{TAG} {source}" for source in pairs["source"].to_pylist()], pa.string())
    return pairs.set_column(0, "source", sources)


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
