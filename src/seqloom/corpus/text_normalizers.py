"""The normalizers of a recipe, one behind the other, and counts of the rows that each changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from seqloom.corpus import SIDES
from seqloom.corpus.normalization import normalize
from seqloom.corpus.normalizer_functions import Normalizer, function_of
from seqloom.corpus.text_column import TextColumn
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS, parse_normalizer

_ROUNDS = 4
_EXAMPLES = 3  # of each normalizer
_SHOWN, _BEFORE = 200, 40  # characters of an example, and of them before the first that changed


class TextNormalizers:
    """Normalizers by side, in the order of the recipe.

    The list is gone through again, at most four times, until it changes nothing, so that a text in normal form stays as
    it is: test rows are, and a model normalizes all it is asked.
    """

    def __init__(self, names: Sequence[str], keep: bool) -> None:
        """Take the normalizers as a recipe writes them; with `keep` white space stays as it is."""
        self.keep = keep
        self.is_default = tuple(names) == DEFAULT_NORMALIZERS
        self._steps: dict[str, list[tuple[str, Normalizer]]] = {side: [] for side in SIDES}
        for each in map(parse_normalizer, names):
            for side in each.sides:
                self._steps[side].append((str(each), function_of(each, keep)))

    def of_side(self, text: str, side: str) -> str:
        """Return a text of a side in normal form."""
        for _ in range(0 if self.is_default else _ROUNDS):
            before = text
            for _, step in self._steps[side]:
                text = step(text)
            if text == before:
                break
        return normalize(text, self.keep)

    def of_texts(self, texts: Sequence[str], side: str) -> list[str]:
        """Return texts of a side in normal form."""
        if self.keep or not self.is_default:
            return [self.of_side(text, side) for text in texts]
        normal = list(texts)
        for at in np.flatnonzero(TextColumn(texts).may_be_unnormalized).tolist():
            normal[at] = normalize(texts[at])
        return normal

    def changes(self, text: str, side: str) -> Iterator[tuple[str, str, str]]:
        """Yield each normalizer that changes a text of a side, with the text before and after."""
        for name, step in self._steps[side]:
            before, text = text, step(text)
            if text != before:
                yield name, before, text


class Change(NamedTuple):
    """An example of what a normalizer did."""

    side: str
    before: str
    after: str
    file: str
    line: int


@dataclass
class NormalizedRows:
    """Rows that each normalizer changed, and the first few as examples."""

    rows: Counter[str] = field(default_factory=Counter)  # by normalizer
    examples: dict[str, list[Change]] = field(default_factory=dict)

    def note(
        self, normalizers: TextNormalizers, texts: Mapping[str, str], place: tuple[str, int], with_example: bool
    ) -> None:
        """Count a row by its texts as they were read, by side."""
        changed: dict[str, Change] = {}
        for side, text in texts.items():
            for name, before, after in normalizers.changes(text, side):
                if name not in changed:
                    changed[name] = Change(side, before, after, *place)
        for name, change in changed.items():
            self.rows[name] += 1
            shown = self.examples.setdefault(name, [])
            if with_example and len(shown) < _EXAMPLES:
                before, after = _around_change(change.before, change.after)
                shown.append(change._replace(before=before, after=after))

    def add(self, other: "NormalizedRows") -> None:
        """Add the counts of later rows."""
        self.rows.update(other.rows)
        for name, shown in other.examples.items():
            self.examples[name] = [*self.examples.get(name, []), *shown][:_EXAMPLES]

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the counts and examples by normalizer."""
        return {
            name: {"rows": count, "examples": [each._asdict() for each in self.examples[name]]}
            for name, count in sorted(self.rows.items())
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Mapping[str, Any]]) -> Self:
        """Read what `as_json` returned."""
        examples = {name: [Change(**each) for each in of["examples"]] for name, of in values.items()}
        return cls(Counter({name: of["rows"] for name, of in values.items()}), examples)


def _around_change(before: str, after: str) -> tuple[str, str]:
    """Return both texts from shortly before the first character that changed."""
    pairs = zip(before, after, strict=False)
    first = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    begin = max(0, first - _BEFORE)
    more = "…" if begin else ""
    return more + _visible(before[begin : begin + _SHOWN]), more + _visible(after[begin : begin + _SHOWN])


def _visible(text: str) -> str:
    """Write what cannot be seen, or told from a space, as its code point."""
    return "".join(sign if sign == " " or sign.isprintable() else f"<U+{ord(sign):04X}>" for sign in text)
