"""Running text as passages for a language model; a line-end token stands for each line break."""

import re
from collections.abc import Iterable, Iterator

LINE_END = "↵"  # U+21B5, a token of its own; removed from text that contains it
_ENDS = re.compile(f" ?{LINE_END} ?")


def split_passages(lines: Iterable[str], longest: int, keep: bool = False) -> Iterator[tuple[str, int]]:
    """Yield passages of at most `longest` characters, each with the number of its first line.

    `lines` come without their ends. Passages hold as many whole lines as fit; a longer line is cut at a space, or else
    anywhere. Joined by spaces they are the text again: blank lines are kept and, with `keep`, all other white space.
    """
    passage, first = "", 1
    for number, line in enumerate(lines, start=1):
        rest = join_lines(f"{line}\n", keep) if keep else f"{join_lines(line)} {LINE_END}".lstrip()
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


def join_lines(text: str, keep: bool = False) -> str:
    """Join lines into one, with `LINE_END` for each line break; `restore_lines` is the inverse."""
    if keep:
        *lines, last = text.replace(LINE_END, "").split("\n")
        ended = [f"{line} {LINE_END}" if line else LINE_END for line in lines]
        return " ".join([*ended, last] if last else ended)
    return " ".join(text.replace(LINE_END, " ").replace("\n", f" {LINE_END} ").split())


def restore_lines(running: str) -> str:
    """Replace each `LINE_END`, with the spaces around it, by a line feed."""
    return _ENDS.sub("\n", running)


def is_blank(passage: str) -> bool:
    """Return whether a passage has nothing but line ends."""
    return not restore_lines(passage).strip()
