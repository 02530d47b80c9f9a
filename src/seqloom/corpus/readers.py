"""Files to pairs, whatever their format."""

from collections.abc import Iterator
from itertools import zip_longest

from seqloom.corpus.catalogues import read_mo, read_po
from seqloom.corpus.dialogues import Dialogue, pairs_of, read_grouped, read_lists, read_questions, read_turns
from seqloom.corpus.opening import read_lines, without_end
from seqloom.corpus.pairs import RawPair
from seqloom.corpus.running import passages_of
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.tables import read_jsonl, read_table
from seqloom.mistake import UserMistake
from seqloom.recipe.schema import Corpus


def read_pairs(files: tuple[SourceFile, ...], section: Corpus) -> Iterator[RawPair]:
    """Yield the pairs of an aligned source and target file, or of one table or catalogue, as they stand.

    Text goes by one line at a time; only a catalogue is in memory as a whole.

    Raises:
        UserMistake: a file is not what its format promises.
    """
    if section.turns:
        return pairs_of(_dialogues(files, section), section, files[0].place)
    if len(files) == 2:
        return read_aligned(*files)
    (file,) = files
    match file.format:
        case "labelled":
            return read_labelled(file)
        case "texts":
            return read_texts(file)
        case "running":
            return read_running(file, section.max_characters)
        case "tsv" | "csv":
            return read_table(file, section)
        case "jsonl":
            return read_jsonl(file, section)
        case "po":
            return read_po(file)
        case "mo":
            return read_mo(file)
    raise AssertionError(file.format)


def _dialogues(files: tuple[SourceFile, ...], section: Corpus) -> Iterator[Dialogue]:
    """The dialogues of an aligned file of questions and one of answers, or of one file."""
    if len(files) == 2:
        return read_questions(read_aligned(*files))
    (file,) = files
    if file.format == "texts":
        return read_turns(file, section)
    if section.dialogue_column:
        return read_grouped(file, section)
    return read_lists(file, section) if file.format == "jsonl" else read_questions(read_table(file, section))


def read_texts(file: SourceFile) -> Iterator[RawPair]:
    """Yield the text of each line as its own target; blank lines are no rows."""
    for number, line in enumerate(read_lines(file), start=1):
        if not line.isspace():
            text = without_end(line)
            yield RawPair(text, text, number)


def read_running(file: SourceFile, longest: int) -> Iterator[RawPair]:
    """Yield passages of at most `longest` characters, each as its own target."""
    for passage, number in passages_of(map(without_end, read_lines(file)), longest):
        yield RawPair(passage, passage, number)


def read_labelled(file: SourceFile) -> Iterator[RawPair]:
    """Yield the text of each line as the source and the word before it as the target; blank lines are no rows."""
    for number, line in enumerate(read_lines(file), start=1):
        if not line.isspace():
            label, space, text = without_end(line).partition(" ")
            if not label or not space:
                raise UserMistake(
                    f"{file.place} line {number}: is not a label, a space and a text; correct the line or corpus.format"
                )
            yield RawPair(text, label, number)


def read_aligned(source: SourceFile, target: SourceFile) -> Iterator[RawPair]:
    """Yield line n of `source` with line n of `target`."""
    shorter_ended = False
    lengths = [0, 0]
    for number, (left, right) in enumerate(zip_longest(read_lines(source), read_lines(target)), start=1):
        if left is not None:
            lengths[0] = number
        if right is not None:
            lengths[1] = number
        if left is None or right is None:
            shorter_ended = True  # the rest is only counted
        else:
            yield RawPair(without_end(left), without_end(right), number)
    if shorter_ended:
        raise UserMistake(
            f"{source.place} has {lengths[0]} lines and {target.place} has {lengths[1]}; "
            "aligned files need a line for each line, an empty one where there is no text"
        )
