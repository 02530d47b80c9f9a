"""Running text: lines that follow each other, as passages of one line each with a sign where a line ended."""

import re
from collections.abc import Iterable, Iterator

LINE_END = "↵"  # U+21B5, a word of its own; text that holds it loses it
_ENDS = re.compile(f" ?{LINE_END} ?")


def passages_of(lines: Iterable[str], longest: int, keep: bool = False) -> Iterator[tuple[str, int]]:
    """Lines without their ends to passages of at most `longest` characters, and the number of the first line of each.

    Passages hold as many whole lines as they can; a longer line is cut at a space, or where there is none anywhere.
    Put end to end with spaces between them, they are the text: blank lines are kept, too, and with `keep` all other
    white space.
    """
    passage, first = "", 1
    for number, line in enumerate(lines, start=1):
        rest = as_running(f"{line}\n", keep) if keep else f"{as_running(line)} {LINE_END}".lstrip()
        if passage and len(passage) + 1 + len(rest) > longest:
            yield passage, first
            passage = ""
        if not passage:
            first = number
        while len(rest) > longest:
            cut = rest.rfind(" ", 1, longest + 1)
            head, rest = (rest[:longest], rest[longest:]) if cut < 0 else (rest[:cut], rest[cut + 1 :])
            yield head, number
            first = number
        passage = f"{passage} {rest}" if passage else rest
    if passage:
        yield passage, first


def as_running(text: str, keep: bool = False) -> str:
    """Lines of text on one line, the sign between them, as normalized text is written; `as_lines` undoes it."""
    if keep:
        *lines, last = text.replace(LINE_END, "").split("\n")
        ended = [f"{line} {LINE_END}" if line else LINE_END for line in lines]
        return " ".join([*ended, last] if last else ended)
    return " ".join(text.replace(LINE_END, " ").replace("\n", f" {LINE_END} ").split())


def as_lines(running: str) -> str:
    """The lines again: a line feed for each sign and the spaces around it."""
    return _ENDS.sub("\n", running)
