"""Read pairs from files of any supported format."""

from collections.abc import Iterator
from itertools import zip_longest

from seqloom.corpus.dialogues import Dialogue, read_grouped, read_lists, read_questions, read_turns, reply_pairs
from seqloom.corpus.file_io import read_lines, readable_lines, undecodable, without_end
from seqloom.corpus.gettext_files import read_mo, read_po
from seqloom.corpus.pairs import NO_LABEL, RawPair, Unreadable
from seqloom.corpus.running_text import split_passages
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import OBJECTS, read_table
from seqloom.corpus.tmx_files import read_tmx
from seqloom.corpus.xliff_files import read_xliff
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import section_of_source

Read = RawPair | Unreadable


def read_pairs(files: tuple[SourceFile, ...], section: CorpusSection) -> Iterator[Read]:
    """Yield the raw pairs of an aligned source and target file, or of one table or catalog.

    A row that cannot be read is yielded as `Unreadable`, and the rows around it are read. Rows are streamed; only an
    MO file is in memory as a whole.

    Raises:
        UserError: a file violates its format, or the recipe describes it wrongly.
    """
    section = section_of_source(section, files[0].source_name)
    if section.turns:
        return reply_pairs(_dialogues(files, section), section, files[0].location)
    if len(files) == 2:
        return read_aligned(*files)
    (file,) = files
    match file.format:
        case "labeled":
            return read_labeled(file)
        case "texts":
            return read_texts(file)
        case "running":
            return read_running(file, section.max_characters, section.whitespace == "keep")
        case "tsv" | "csv" | "excel" | "jsonl" | "parquet" | "arrow":
            return read_table(file, section)
        case "po":
            return read_po(file, section)
        case "mo":
            return read_mo(file, section)
        case "tmx":
            return read_tmx(file, section)
        case "xliff":
            return read_xliff(file, section)
    raise AssertionError(file.format)


def _dialogues(files: tuple[SourceFile, ...], section: CorpusSection) -> Iterator[Dialogue | Unreadable]:
    """Return the dialogues of two aligned files, questions and answers, or of one file."""
    keep = section.whitespace == "keep"
    if len(files) == 2:
        return read_questions(read_aligned(*files), keep)
    (file,) = files
    if file.format == "texts":
        return read_turns(file, section)
    if section.dialogue_column:
        return read_grouped(file, section)
    if file.format in OBJECTS:
        return read_lists(file, section)
    return read_questions(read_table(file, section), keep)


def read_texts(file: SourceFile) -> Iterator[Read]:
    """Yield each line as both source and target; blank lines are skipped."""
    for row in readable_lines(file):
        if isinstance(row, Unreadable):
            yield row
        elif not row[1].isspace():
            text = without_end(row[1])
            yield RawPair(text, text, row[0])


def read_running(file: SourceFile, longest: int, keep: bool) -> Iterator[Read]:
    """Yield passages of at most `longest` characters as both source and target; unreadable lines count as blank."""
    wrong: list[Unreadable] = []

    def lines() -> Iterator[str]:
        for row in readable_lines(file):
            if isinstance(row, Unreadable):
                wrong.append(row)
                yield ""
            else:
                yield without_end(row[1])

    for passage, number in split_passages(lines(), longest, keep):
        yield from wrong
        wrong.clear()
        yield RawPair(passage, passage, number)
    yield from wrong


def read_labeled(file: SourceFile) -> Iterator[Read]:
    """Yield lines of the form `label text`, the text as source and the label as target; blank lines are skipped."""
    for row in readable_lines(file):
        if isinstance(row, Unreadable):
            yield row
        elif not row[1].isspace():
            label, space, text = without_end(row[1]).partition(" ")
            if label and space:
                yield RawPair(text, label, row[0])
            else:
                problem = "is not a label, a space and a text; correct the line or corpus.format"
                yield Unreadable(NO_LABEL, problem, file.location, row[0], without_end(row[1]))


def read_aligned(source: SourceFile, target: SourceFile) -> Iterator[Read]:
    """Yield line n of `source` with line n of `target`; if either is unreadable, the pair is.

    Raises:
        UserError: one file has more lines.
    """
    lengths = [0, 0]
    for left, right in zip_longest(read_lines(source), read_lines(target)):
        if left:
            lengths[0] = left[0]
        if right:
            lengths[1] = right[0]
        if not left or not right:
            continue  # the rest is only counted
        number, text, problem = left
        _, translation, other_problem = right
        if problem:
            yield undecodable(source, number, text, problem)
        elif other_problem:
            yield undecodable(target, number, translation, other_problem)
        else:
            yield RawPair(without_end(text), without_end(translation), number)
    if lengths[0] != lengths[1]:
        raise UserError(
            f"{source.location} has {lengths[0]} lines and {target.location} has {lengths[1]}; "
            "aligned files need a line for each line, an empty one where there is no text"
        )
