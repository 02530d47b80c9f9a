"""Batch inference: rows of output, failures, and resumption after a kill."""

import csv
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.artifact.digest import digest_of_folder
from seqloom.batch_inference import generation_worker, replies, sharded_generation
from seqloom.batch_inference.generation_workers import GenerationWorkers
from seqloom.batch_inference.input_table import open_input
from seqloom.batch_inference.sharded_generation import (
    FAILURES,
    MANIFEST,
    BatchInference,
    BatchReport,
    run_batch_inference,
)
from seqloom.batch_inference.unsure_rows import UNSURE, first_unsure, list_unsure
from seqloom.decoding.answers import Answers
from seqloom.decoding.confidence import CONFIDENCE, TextConfidence
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_together
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.errors import UserError
from seqloom.recipe.recipe_json import with_options
from seqloom.recipe.schema import DecodingSection
from tests.registry.tiny import write_checkpoint


def test_a_long_text_can_be_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's csv refuses more than 131,072 characters unless it is told otherwise; all rows are answered by then."""
    monkeypatch.setattr("seqloom.batch_inference.unsure_rows.SHOWN", 5)
    before = csv.field_size_limit(131_072)
    columns = {"text": ["ä" * 200_000], "prediction": ["b" * 140_000], CONFIDENCE: [0.1]}
    pq.write_table(pa.table(columns), tmp_path / "shard-00000.parquet")
    assert list_unsure(tmp_path, "text", 10, 0.5) == 1
    found = first_unsure(tmp_path / UNSURE)
    csv.field_size_limit(before)
    assert found == [{"row": "1", CONFIDENCE: "0.1", "text": "äääää", "prediction": "bbbbb"}]


TEXTS = ["a small dog", "", "dog " * 40, "small", "a dog", "dog dog", "a a a", "big"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint ü"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    return path


def bulk_of(checkpoint: Path, file: Path, shard_rows: int = 3, longest: int = 100) -> BatchInference:
    return BatchInference("models:/tiny@champion", checkpoint, open_input(file, "auto", "source"), shard_rows, longest)


def run(bulk: BatchInference, to: Path, generator: Generator | None = None) -> BatchReport:
    return run_batch_inference(bulk, generator or Generator.load(bulk.checkpoint), to, lambda *_: None)


def test_each_row_has_what_generate_says(checkpoint: Path, file: Path, tmp_path: Path) -> None:
    report = run(bulk_of(checkpoint, file), tmp_path / "out")
    table = pd.read_parquet(report.folder)
    assert table["source"].tolist() == TEXTS
    expected = Generator.load(checkpoint).generate([TEXTS[0], *TEXTS[3:]])
    assert table["prediction"].drop([1, 2]).tolist() == expected
    assert table["prediction"][[1, 2]].isna().all()
    assert table["failure"].dropna().to_dict() == {1: "no text (blank)", 2: "too long: 160 characters, 100 at most"}
    assert (report.rows, report.failed, report.shards, report.rows_before) == (8, 2, 3, 0)
    assert report.texts_per_second > 0
    assert report.tokens_per_second > 0
    with Path(report.failures_file).open() as listed:
        blank, long = csv.DictReader(listed)
    assert blank == {"row": "2", "reason": "no text (blank)", "text": ""}
    assert long == {"row": "3", "reason": "too long: 160 characters, 100 at most", "text": TEXTS[2]}


def test_the_same_again_does_nothing_and_anything_else_is_another_output(
    checkpoint: Path, file: Path, tmp_path: Path
) -> None:
    to = tmp_path / "out"
    first = run(bulk_of(checkpoint, file), to)
    written = {path: path.stat().st_mtime_ns for path in Path(first.folder).glob("shard-*")}
    again = run(bulk_of(checkpoint, file), to)
    assert (again.folder, again.rows_before, again.texts_per_second) == (first.folder, 8, 0.0)
    assert {path: path.stat().st_mtime_ns for path in Path(first.folder).glob("shard-*")} == written
    file.write_text("another", encoding="utf-8")
    assert run(bulk_of(checkpoint, file), to).folder != first.folder
    (tmp_path / "other name").mkdir()
    other = write_checkpoint(tmp_path / "other name")
    moved = bulk_of(other, file)
    assert moved.key() == bulk_of(checkpoint, file).key(), "a name counts for nothing"
    (other / "sizes.json").write_bytes((other / "sizes.json").read_bytes() + b"\n")
    assert moved.key() != bulk_of(checkpoint, file).key()
    assert all(path.is_dir() for path in to.iterdir())


def test_a_shard_is_on_the_disk_before_it_takes_its_place(
    checkpoint: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a loss of power leaves an empty shard, which the same command takes for a whole one."""
    steps: list[str] = []
    sync, rename = sharded_generation.sync, Path.rename
    monkeypatch.setattr(sharded_generation, "sync", lambda path: (steps.append(f"sync {path.name}"), sync(path)))
    monkeypatch.setattr(Path, "rename", lambda path, to: (steps.append(f"rename {path.name}"), rename(path, to))[1])
    report = run(bulk_of(checkpoint, file, shard_rows=8), tmp_path / "out")
    shard = ".shard-00000.parquet"
    assert [step for step in steps if "failures" not in step] == [
        f"sync {shard}",
        f"rename {shard}",
        f"sync {Path(report.folder).name}",
    ]


@pytest.mark.parametrize(
    ("failed", "truncated", "rows_before", "headline"),
    [
        (0, 0, 0, "2,000 rows, 31 texts/s"),
        (7, 0, 0, "2,000 rows, 7 failed, 31 texts/s"),
        (0, 3, 1500, "2,000 rows, 1,500 of them from before, 3 answers truncated at their limit, 31 texts/s"),
        (1000, 3, 2000, "2,000 rows, 1,000 failed, 3 answers truncated at their limit: all of them were there already"),
    ],
)
def test_an_output_in_one_line(failed: int, truncated: int, rows_before: int, headline: str) -> None:
    report = BatchReport("out", 2000, failed, truncated, 1, rows_before, 1.0, 31.4, 100.0, [], "failures.csv")
    assert report.headline == headline


class Failing(Generator):
    """Fails on every batch with a word in it."""

    def answer(self, texts: Sequence[str], decoding: DecodingSection, numbers: Sequence[int] | None = None) -> Answers:
        if any("dog dog" in text for text in texts):
            raise RuntimeError("out of memory")
        return super().answer(texts, decoding, numbers)


def test_a_text_that_the_model_fails_on_fails_alone(checkpoint: Path, file: Path, tmp_path: Path) -> None:
    whole = Generator.load(checkpoint)
    failing = Failing(whole.backend, whole.source, whole.target, whole.decoding)
    report = run(bulk_of(checkpoint, file, longest=1000), tmp_path, failing)
    table = pd.read_parquet(report.folder)
    broken = "RuntimeError: out of memory"
    assert table["failure"].dropna().to_dict() == {1: "no text (blank)", 2: broken, 5: broken}
    assert table["prediction"].drop([1, 2, 5]).notna().all()


@pytest.mark.parametrize("blank", ["", " \t", "\u00a0\u3000", "\ufeff"], ids=ascii)
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_blank_cell_is_a_failure(checkpoint: Path, form: str, blank: str, tmp_path: Path) -> None:
    file, table = tmp_path / f"a.{form}", pd.DataFrame({"n": ["1", "2"], "source": ["dog", blank]})
    if form == "csv":
        table.to_csv(file, index=False)
    elif form == "jsonl":
        table.to_json(file, orient="records", lines=True)
    else:
        table.to_parquet(file)
    made = pd.read_parquet(run(bulk_of(checkpoint, file), tmp_path / "out").folder)
    assert made["failure"].dropna().to_dict() == {1: "no text (blank)"}


def test_rows_without_text(checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"source": "dog", "n": 1}\n{"source": null}\n{"n": 3}\n{"source": [7]}\n{bad\n', encoding="utf-8")
    report = run(bulk_of(checkpoint, file), tmp_path / "out")
    reasons = pd.read_parquet(report.folder)["failure"].tolist()
    assert reasons[1:4] == ["no text (null)", "no text (null)", "of type list, not text"]
    assert reasons[4].startswith("line 5: not valid JSON")
    assert [failure["row"] for failure in report.failures] == [2, 3, 4, 5]


def test_shards_of_known_rows_have_the_columns_of_all_others(checkpoint: Path, file: Path, tmp_path: Path) -> None:
    """A batch crashed where a piece was all known, and answers there lacked the column that an option asks for."""
    generator = Generator.load(checkpoint)
    generator.decoding = with_options(generator.decoding, protect="numbers", long_texts="cut")
    generator.memory = KnownAnswers(ExactMatches((text, "17") for text in ("small", "a dog", "dog dog")))
    report = run(bulk_of(checkpoint, file), tmp_path / "out", generator)
    columns = pd.read_parquet(report.folder)[["from_memory", "carried_over"]].drop([1, 2])
    assert columns["carried_over"].tolist() == ["none"] * 6
    assert columns["from_memory"].tolist() == [False, True, True, True, False, False]


def test_a_file_of_which_nothing_can_be_used_is_a_mistake(checkpoint: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"source": [7]}\n' * 4, encoding="utf-8")
    with pytest.raises(UserError, match=r"a\.jsonl: no row could be used; the first: of type list, not text"):
        run(bulk_of(checkpoint, file), tmp_path / "out")


def generate_until_killed(checkpoint: Path, file: Path, to: Path) -> None:
    """Die in the middle of the third shard."""

    def progress(done: int, *_: object) -> None:
        if done > 7:
            os.kill(os.getpid(), signal.SIGKILL)

    run_batch_inference(bulk_of(checkpoint, file), Generator.load(checkpoint), to, progress)


def test_a_killed_run_is_gone_on_with(checkpoint: Path, file: Path, tmp_path: Path) -> None:
    process = get_context("spawn").Process(target=generate_until_killed, args=(checkpoint, file, tmp_path / "killed"))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    report = run(bulk_of(checkpoint, file), tmp_path / "killed")
    assert (report.rows_before, report.shards) == (6, 3)
    whole = run(bulk_of(checkpoint, file), tmp_path / "whole")
    pd.testing.assert_frame_equal(pd.read_parquet(report.folder), pd.read_parquet(whole.folder))
    hidden = {path.name for path in Path(report.folder).iterdir() if path.name.startswith((".", "_"))}
    assert hidden == {".lock", FAILURES, MANIFEST}
    assert json.loads((Path(report.folder) / MANIFEST).read_text())["model"] == "models:/tiny@champion"


@pytest.mark.parametrize(("shard_rows", "piece"), [(1, 512), (3, 2), (100, 3), (100, 512)])
def test_what_is_drawn_follows_from_the_row_of_the_file(
    checkpoint: Path, file: Path, tmp_path: Path, shard_rows: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is cut, and whatever fails beside it."""
    monkeypatch.setattr(replies, "PIECE", piece)
    generator = Generator.load(checkpoint)
    drawing = DecodingSection(method="sample", temperature=3.0, max_length=6)
    sampling = Failing(generator.backend, generator.source, generator.target, drawing)
    expected = Generator(generator.backend, generator.source, generator.target, drawing).generate(TEXTS)
    assert len(set(expected)) > 4
    table = pd.read_parquet(run(bulk_of(checkpoint, file, shard_rows, 1000), tmp_path / "out", sampling).folder)
    fails = table["failure"].notna()
    assert fails.sum() == 3
    assert table["prediction"][~fails].tolist() == [
        text for text, fail in zip(expected, fails, strict=True) if not fail
    ]


def test_a_row_is_drawn_by_its_own_number_whatever_fails_beside_it(checkpoint: Path, tmp_path: Path) -> None:
    """Nor do the shards count, nor what else could not be used."""
    file = tmp_path / "texts.jsonl"
    rows = ["a small dog"] * 9
    generator = Generator.load(checkpoint)
    generator.decoding = DecodingSection(method="sample", seed=4)
    drawn = []
    for wrong, shard_rows in (((), 100), ((), 2), ((0, 3), 100), ((0, 3), 4)):
        texts = [json.dumps({"source": None if row in wrong else text}) for row, text in enumerate(rows)]
        file.write_text("\n".join(texts), encoding="utf-8")
        report = run(bulk_of(checkpoint, file, shard_rows), tmp_path / f"{wrong}-{shard_rows}", generator)
        drawn.append(pd.read_parquet(report.folder)["prediction"].drop([0, 3]).tolist())
    assert len(set(drawn[0])) > 1
    assert drawn[1:] == drawn[:1] * 3


def test_truncated_answers_are_marked_and_counted(checkpoint: Path, file: Path, tmp_path: Path) -> None:
    generator = Generator.load(checkpoint)
    generator.decoding = DecodingSection(beam_size=1, max_length=1)
    report = run(bulk_of(checkpoint, file), tmp_path / "out", generator)
    table = pd.read_parquet(report.folder)
    written = table["prediction"].notna() & (table["prediction"] != "")
    assert table["truncated"].fillna(False).astype(bool).tolist() == written.tolist()
    assert report.truncated == written.sum() > 0
    assert f"{report.truncated} answers truncated" in report.headline
    again = run(bulk_of(checkpoint, file), tmp_path / "out", generator)
    assert again.truncated == report.truncated


def test_what_a_person_should_look_at_is_listed(checkpoint: Path, file: Path, tmp_path: Path) -> None:
    generator = Generator.load(checkpoint)
    generator.confidence = TextConfidence(2.0, 1.0, 0.0)
    bulk = bulk_of(checkpoint, file)
    table = pd.read_parquet(run(bulk, tmp_path / "out", generator).folder)
    middle = float(table[CONFIDENCE].median())
    report = run_batch_inference(bulk, generator, tmp_path / "out", lambda *_: None, below=middle)
    listed = pd.read_csv(report.unsure_file)
    expected = table[table[CONFIDENCE] < middle]
    assert listed["row"].tolist() == [row + 1 for row in expected.index]
    assert listed["text"].tolist() == expected["source"].tolist()
    assert report.unsure == len(expected) > 0
    assert f"{len(expected)} to look at" in report.headline
    assert [int(each["row"]) for each in first_unsure(Path(report.unsure_file))] == listed["row"].tolist()


def test_workers_write_the_bytes_of_one_process_even_if_one_of_them_is_killed(
    checkpoint: Path, file: Path, tmp_path: Path
) -> None:
    file.write_text("\n".join([*TEXTS, "a", "b"] * 2), encoding="utf-8")
    killed: list[int] = []

    def kill_one(*_: object) -> None:
        if killed:  # and a zombie, which tells no command, until it is waited for
            return
        found = [each for each in psutil.Process().children() if "generation_worker" in " ".join(each.cmdline())]
        if found:
            found[-1].kill()
            killed.append(found[-1].pid)

    bulk = bulk_of(checkpoint, file)
    alone = run(bulk, tmp_path / "alone")
    report = run_batch_inference(
        bulk, Generator.load(checkpoint), tmp_path / "many", kill_one, workers=GenerationWorkers(2, device="cpu")
    )
    assert killed
    assert digest_of_folder(Path(report.folder)) == digest_of_folder(Path(alone.folder))
    assert report.tokens_per_second > 0


def test_workers_answer_as_an_ensemble(tmp_path: Path) -> None:
    members = []
    for name, longest in (("a", 5), ("b", 9)):
        (tmp_path / name).mkdir()
        members.append(write_checkpoint(tmp_path / name, decoding={"max_length": longest}))
    texts = ["a small dog", "big"]
    asked = {"options": {"beam_size": 2}, "device": "cpu", "processes": 1, "longest": 100, "first": 0, "wrong": {}}
    task = {**asked, "checkpoints": [str(each) for each in members], "texts": texts}
    found = [fields["prediction"] for fields, _ in json.loads(generation_worker.answer(json.dumps(task)))["replies"]]
    together = load_together(members, ["a", "b"])
    assert found == together.reply(texts, DecodingSection(**{**vars(together.decoding), "beam_size": 2}))["prediction"]


def test_who_answers_together_is_part_of_the_key(checkpoint: Path, file: Path) -> None:
    alone = bulk_of(checkpoint, file)
    others = [replace(alone, others=[checkpoint]), replace(alone, memory=file)]
    assert len({each.key() for each in (alone, *others)}) == 3


def test_a_cluster_writes_the_bytes_of_one_process(checkpoint: Path, tmp_path: Path) -> None:
    distributed = pytest.importorskip("dask.distributed")
    rows = [{"source": text, "number": n} for n, text in enumerate(TEXTS)]
    pq.write_table(pa.Table.from_pylist([*rows, {"source": None, "number": 9}]), tmp_path / "texts.parquet")
    bulk = replace(bulk_of(checkpoint, tmp_path / "texts.parquet"), options={"beam_size": 2})
    generator = Generator.load(checkpoint)
    generator.decoding = DecodingSection(**{**vars(generator.decoding), "beam_size": 2})
    alone = run(bulk, tmp_path / "alone", generator)
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        workers = GenerationWorkers(scheduler=cluster.scheduler_address, device="cpu")
        report = run_batch_inference(bulk, generator, tmp_path / "cluster", lambda *_: None, workers=workers)
    assert digest_of_folder(Path(report.folder)) == digest_of_folder(Path(alone.folder))
