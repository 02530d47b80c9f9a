"""Answers of the command generate, in the order of its texts."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom.cli.stdio import in_chunks, read_lines
from seqloom.corpus.framed_text import read_frames
from seqloom.corpus.running_text import join_lines
from seqloom.decoding.answers import Answer, Answers, Unanswerable
from seqloom.decoding.confidence import CONFIDENCE
from seqloom.decoding.generator import Generator
from seqloom.errors import UserError

LINES_AT_ONCE = 1024  # decoded together: long enough to sort by length, short enough to see output coming
REMARKS: dict[str, Callable[[Answer], bool]] = {
    "answers are truncated: they reached the limit of their length before they ended; if that is decoding.max_length, "
    "raise it with -o max_length=N": lambda best: best.truncated,
    "answers are from the memory or a rule": lambda best: best.from_memory,
    "answers are put together from parts: the model did not carry each protected span over once, so what stands "
    "between them was answered by itself": lambda best: best.carried_over == "split",
    "answers lack a protected span: they are known, and given word for word": lambda best: best.carried_over == "lost",
    "texts are answered in parts: a sentence is longer than the model reads, so it was divided between clauses or "
    "words and each part answered by itself": lambda best: best.answered_in == "parts",
    "answers lack a term of the glossary": lambda best: best.terms_honored is not None and best.terms_honored < 1,
}
"""Closing sentences, each after a number, with the answers that it counts."""


@dataclass(frozen=True)
class AnsweredTexts:
    """Some of the texts, with the answers to each."""

    rows: list[int]  # numbers of the texts, from 0
    texts: list[str]
    answers: Answers
    is_single_text: bool  # no other text was given, and it stands in the command

    def only(self, places: Sequence[int]) -> "AnsweredTexts":
        """Return those at these places."""
        rows, texts = [self.rows[place] for place in places], [self.texts[place] for place in places]
        return AnsweredTexts(rows, texts, [self.answers[place] for place in places], self.is_single_text)

    @property
    def columns(self) -> dict[str, list[Any]]:
        """Return what says which texts these are, with numbers from 1."""
        return {"row": [row + 1 for row in self.rows], "source": self.texts}

    def lead(self, place: int) -> str:
        """Return what stands before an answer in a list: the number of the text, the confidence, and the text."""
        sure = self.answers[place][0].confidence
        return f"{self.rows[place] + 1}\t{sure:.3f}\t{join_lines(self.texts[place], keep=True)}\t"


def unsure(answered: Iterator[AnsweredTexts], below: float) -> Iterator[AnsweredTexts]:
    """Yield the texts whose answer has a confidence below the bound; afterwards say on stderr how many there are."""
    asked = listed = 0
    for each in answered:
        places = [place for place, found in enumerate(each.answers) if (found[0].confidence or 0.0) < below]
        yield each.only(places)
        asked, listed = asked + len(each.rows), listed + len(places)
    print(f"seqloom: {listed:,} of {asked:,} answers have a {CONFIDENCE} below {below:g}", file=sys.stderr)


def answer_in_order(generator: Generator, texts: list[str] | None, file: Path | None) -> Iterator[AnsweredTexts]:
    """Yield the answers in order, a chunk at a time; an error names a text by its number in the whole input."""
    unit = "text" if texts else f"{file or 'stdin'} line"
    asked, remarked = 0, Counter[str]()
    for number, chunk in enumerate(in_chunks(_lines(texts, file, generator), LINES_AT_ONCE)):
        try:
            rows = range(number * LINES_AT_ONCE, number * LINES_AT_ONCE + len(chunk))
            answers = generator.answer(chunk, generator.decoding, rows)
        except Unanswerable as error:
            raise UserError(error.sentence(f"{unit} {number * LINES_AT_ONCE + error.row + 1}")) from None
        asked += len(answers)
        remarked.update(remark for found in answers for remark, holds in REMARKS.items() if holds(found[0]))
        yield AnsweredTexts(list(rows), chunk, answers, is_single_text=len(texts or ()) == 1)
    for remark in REMARKS:
        if remarked[remark]:
            print(f"seqloom: {remarked[remark]:,} of {asked:,} {remark}", file=sys.stderr)


def with_features(
    generator: Generator, model: str, texts: list[str] | None, file: Path | None, features: Path | None
) -> list[str]:
    """Return the texts with the features of each; without texts the features alone.

    Raises:
        UserError: the model reads none, none are given, or others than it reads.
    """
    if not generator.frame_width:
        raise UserError(f"{model} reads no features: leave --features out")
    if features is None:
        raise UserError(f"{model} reads {generator.frame_width} features a vector: give a file of them in --features")
    given = list(_lines(texts, file, generator)) if texts or file else None
    return list(read_frames(features, generator.frame_width, given))


def _lines(texts: list[str] | None, file: Path | None, generator: Generator) -> Iterator[str]:
    needs_text = generator.needs_text
    if texts:
        yield from texts
    elif file:
        try:
            with file.open("rb") as stream:
                yield from read_lines(stream, str(file))
        except OSError as error:
            raise UserError(f"{file}: cannot be read ({error.strerror}); correct --file") from None
    elif sys.stdin.isatty() and not needs_text:
        yield ""
    else:
        if sys.stdin.isatty():
            raise UserError("no text is given: write it behind the model, name a --file, or pipe it in")
        yield from read_lines(sys.stdin.buffer, "stdin")
