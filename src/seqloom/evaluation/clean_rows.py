"""Clean test rows: those whose source does not stand in the training text; the headline scores are theirs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from seqloom.artifact.manifest import Manifest
from seqloom.corpus.contamination import Kind, contamination_of
from seqloom.corpus.overlap import Chunks
from seqloom.evaluation import HYPOTHESES_FILE
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies, columns_of, replies_of
from seqloom.recipe.applications import application_of
from seqloom.recipe.metric import KEPT_PLACES
from seqloom.recipe.schema import Recipe

CLEAN_ROWS = 25  # that a headline needs; with fewer all rows count
IN_TRAINING = "in_training"  # column of the table of hypotheses: exact, near or empty
_LISTED = 10  # contaminated rows in the facts
_SHOWN = 200  # characters of a text in the facts
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class CleanRows:
    """Contamination of each test row, and the rows that the headline scores count."""

    kinds: list[Kind]
    wanted: Literal["clean", "all"]  # by the recipe

    @classmethod
    def unknown(cls, recipe: Recipe, rows: int) -> "CleanRows":
        """Take all rows as clean, where the training text is not at hand."""
        return cls([""] * rows, recipe.evaluation.test_rows)

    @classmethod
    def of(cls, recipe: Recipe, sources: Sequence[str], training: Chunks) -> "CleanRows":
        """Look for each source in the training text, near ones as far as the task allows."""
        near = not application_of(recipe.task).strings
        return cls(contamination_of(sources, training, near), recipe.evaluation.test_rows)

    @property
    def clean(self) -> list[int]:
        """The rows whose source is not in the training text."""
        return [row for row, kind in enumerate(self.kinds) if not kind]

    @property
    def contaminated(self) -> list[int]:
        """The rows whose source is."""
        return [row for row, kind in enumerate(self.kinds) if kind]

    @property
    def counted(self) -> Literal["clean", "all"]:
        """Rows that the headline scores count: too few clean ones say nothing."""
        return "clean" if self.wanted == "clean" and (self._enough or not self.contaminated) else "all"

    @property
    def headline(self) -> list[int]:
        """The rows that the headline scores count."""
        return self.clean if self.counted == "clean" else list(range(len(self.kinds)))

    @property
    def _enough(self) -> bool:
        return len(self.clean) >= CLEAN_ROWS

    def shown(
        self, evaluator: Evaluator, replies: Replies, test: EvalSet
    ) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Return source, reference and hypothesis of the rows that count; a passage is shown with the one behind it."""
        sources, references, hypotheses = (
            [side[row] for row in self.headline] for side in evaluator.shown(replies, test)
        )
        return sources, references, hypotheses

    def facts(self, evaluator: Evaluator, replies: Replies, test: EvalSet) -> dict[str, Any]:
        """Return counts, the scores of contaminated, clean and all rows, and the first contaminated rows."""
        kinds, rows = Counter(self.kinds), len(self.kinds)
        groups = {"contaminated": self.contaminated, "clean": self.clean, "all": list(range(rows))}
        return {
            "rows": rows,
            "exact": kinds["exact"],
            "near": kinds["near"],
            "counted": self.counted,
            "scores": {
                name: _scores(evaluator, replies_of(replies, some), test.only(some))
                for name, some in groups.items()
                if some and self.contaminated
            },
            "listed": [
                {"row": row, "kind": self.kinds[row], "source": test.sources[row][:_SHOWN]}
                for row in self.contaminated[:_LISTED]
            ],
        }


def counted_rows(test: EvalSet, evaluation: Manifest) -> EvalSet:
    """Return the test rows that the headline scores of an evaluation count, with the columns that make slices."""
    facts = evaluation.facts
    counted = facts.get("contamination", {}).get("counted", "all")
    if counted == "all" and not any(part.get("by") == "column" for part in facts.get("slices", ())):
        return test
    table = pd.read_parquet(evaluation.path / HYPOTHESES_FILE)
    test = replace(test, columns=columns_of(table))
    if counted == "all":
        return test
    return test.only([row for row, kind in enumerate(table[IN_TRAINING]) if not kind])


def chunks_of(frame: pd.DataFrame) -> Chunks:
    """Yield the sources of a split that is in memory, some thousands at a time."""
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        yield frame["source"].iloc[start : start + _ROWS_AT_ONCE].tolist()


def _scores(evaluator: Evaluator, replies: Replies, test: EvalSet) -> dict[str, float]:
    counts = {name: evaluator.count(name, replies, test) for name in evaluator.kind.judged}
    return {name: round(each.value, KEPT_PLACES) for name, each in counts.items()}
