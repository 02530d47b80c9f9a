"""A search for the small edit of a source that hurts its answer most, within a budget of texts that are asked.

Belinkov and Bisk 2018 (https://arxiv.org/abs/1711.02173) measure random noise; here a beam of the worst edits so far is
edited again, as Ebrahimi et al. 2018 do (https://arxiv.org/abs/1806.09030), by answers alone: no gradient is needed.
Edits follow from the text alone (equal ones are told apart), so every version is searched alike.
"""

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.perturbations import keyboard_neighbors, without_mark
from seqloom.evaluation.row_sample import occurrences, sample_of_texts
from seqloom.recipe.metric import KEPT_PLACES
from seqloom.recipe.recipe_rules import typo_obstacle
from seqloom.recipe.schema import Recipe

ADVERSARIAL = "adversarial"  # field of an evaluation's facts
BROKEN_SHARE = "broken_share"  # metric
ROWS = 30  # that are searched
CHARACTERS = 2  # that edits change in all
_ROUNDS, _BEAM = 2, 3  # of edits one on the other, and texts that a round goes on from
_LISTED = 10

Ask = Callable[[Sequence[str], Sequence[int]], Replies]


@dataclass(frozen=True)
class Edited:
    """A source after edits, its answer, and how good that is."""

    text: str
    changed: int = 0  # characters
    answer: str = ""
    merit: float = 0.0
    acceptable: bool = True


def edits(text: str, draw: random.Random) -> Iterator[Edited]:
    """Yield texts that differ by one edit: a typo, two letters swapped, one dropped, other case or no diacritics."""
    for at, letter in enumerate(text):
        head, tail = text[:at], text[at + 1 :]
        if not letter.isalnum():
            continue
        near = keyboard_neighbors(letter)
        single = {"" if len(text) > 1 else letter, letter.swapcase(), without_mark(letter)}
        single |= {draw.choice(near)} if near else set()
        for other in sorted(single - {letter}):
            yield Edited(head + other + tail, 1)
        if tail[:1].isalnum() and tail[0] != letter:
            yield Edited(head + tail[0] + letter + tail[1:], 2)


def attacked_rows(recipe: Recipe, test: EvalSet) -> list[int]:
    """Return the test rows that are searched, drawn by their text; none where typos change the right answer."""
    if typo_obstacle(recipe):
        return []
    rows = [row for row, source in enumerate(test.sources) if source.strip()]
    return sample_of_texts(test.sources, rows, ROWS)


def adversarial_search(
    ask: Ask,
    evaluator: Evaluator,
    test: EvalSet,
    clean: Replies,
    budget: int,
    progress: Callable[[int, int, str, str], None],
) -> dict[str, Any]:
    """Search for the worst edit of each row of `test`, asking up to `budget` texts for each; `clean` are its answers.

    `ask` is given row numbers of `test`. An answer is broken if it was acceptable and is no more. Texts of all rows are
    asked together, a round at a time, and none twice.
    """
    before = _judged(evaluator, test, range(len(test.sources)), [Edited(text) for text in test.sources], clean)
    beams, seeds = [[each] for each in before], occurrences(test.sources)
    found: list[list[Edited]] = [[] for _ in before]
    for number in range(_ROUNDS):
        rows, texts = [], list[Edited]()
        count = budget * (number + 1) // _ROUNDS - budget * number // _ROUNDS
        for row, (source, beam) in enumerate(zip(test.sources, beams, strict=True)):
            asked = {source, *(each.text for each in found[row])}
            drawn = _drawn(beam, count, random.Random(f"adversarial/{seeds[row]}/{number}/{source}"), asked)
            rows += [row] * len(drawn)
            texts += drawn
        if texts:
            replies = ask([each.text for each in texts], rows)
            for row, each in zip(rows, _judged(evaluator, test, rows, texts, replies), strict=True):
                found[row].append(each)
        beams = [sorted(some, key=_by_harm)[:_BEAM] or beam for some, beam in zip(found, beams, strict=True)]
        progress(number + 1, _ROUNDS, "rounds", "adversarial search")
    worst = [min(some, key=_by_harm, default=first) for some, first in zip(found, before, strict=True)]
    return _facts(test, before, worst, budget)


def _by_harm(edited: Edited) -> tuple[float, str]:
    return edited.merit, edited.text


def _drawn(beam: Sequence[Edited], count: int, draw: random.Random, asked: Collection[str]) -> list[Edited]:
    """Return up to `count` texts one edit further, in all within `CHARACTERS`, without those that were asked."""
    known = dict[str, Edited]()
    for start in beam:
        for each in edits(start.text, draw):
            changed = start.changed + each.changed
            if changed <= CHARACTERS and each.text.strip() and each.text not in asked:
                known.setdefault(each.text, Edited(each.text, changed))
    options = list(known.values())
    return draw.sample(options, min(count, len(options)))


def _judged(
    evaluator: Evaluator, test: EvalSet, rows: Sequence[int], texts: Sequence[Edited], replies: Replies
) -> list[Edited]:
    """Return the texts with their answers, each judged by the reference of its row."""
    asked = test.only(rows)
    merits, right = evaluator.merits(replies, asked), evaluator.acceptable(replies, asked)
    return [
        Edited(each.text, each.changed, str(answer), merit.value, is_right)
        for each, answer, merit, is_right in zip(texts, replies["prediction"], merits, right, strict=True)
    ]


def _facts(test: EvalSet, before: Sequence[Edited], worst: Sequence[Edited], budget: int) -> dict[str, Any]:
    right = [row for row, each in enumerate(before) if each.acceptable]
    broken = [row for row in right if not worst[row].acceptable]
    by_loss = sorted(range(len(before)), key=lambda row: (worst[row].merit - before[row].merit, row))
    return {
        "rows": len(before),
        "budget": budget,
        "characters": CHARACTERS,
        "acceptable": len(right),
        "broken": len(broken),
        "share": round(len(broken) / max(1, len(right)), KEPT_PLACES),
        "listed": [
            {
                "source": test.sources[row],
                "edited": worst[row].text,
                "reference": test.references[row],
                "answer": before[row].answer,
                "edited_answer": worst[row].answer,
                "lost": round(before[row].merit - worst[row].merit, KEPT_PLACES),
            }
            for row in by_loss[:_LISTED]
            if worst[row].merit < before[row].merit
        ],
    }
