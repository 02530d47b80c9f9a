"""Answers that are known without the model: exact matches of a translation memory, then rules for patterns."""

import json
from collections.abc import Sequence
from pathlib import Path

from seqloom.corpus.normalization import normalize
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.errors import UserError
from seqloom.recipe.answer_rules import AnswerRule

KNOWN_ANSWERS_FILE = "known_answers.json"  # in the folder of a version that has some
FROM_MEMORY = "from_memory"  # column: the answer is the memory's or a rule's, and the model was not asked


class KnownAnswers:
    """A translation memory and rules; a text is looked up in Unicode's normal form with single spaces."""

    def __init__(self, memory: ExactMatches, rules: Sequence[AnswerRule] = ()) -> None:
        """Take a memory, which comes first, and rules, of which the first that matches answers."""
        self.memory, self.rules = memory, tuple(rules)

    def __len__(self) -> int:
        return len(self.memory) + len(self.rules)

    def __str__(self) -> str:
        """Count pairs and rules, in words."""
        return f"{len(self.memory):,} pairs and {len(self.rules):,} rules"

    def targets(self, texts: Sequence[str]) -> list[str | None]:
        """Return the known answer to each text, None where there is none."""
        found = [self.memory.target(text) for text in texts]
        return self._with_rules(texts, found) if self.rules else found

    def _with_rules(self, texts: Sequence[str], found: list[str | None]) -> list[str | None]:
        import pyarrow as pa
        import pyarrow.compute as pc

        rows = [row for row, target in enumerate(found) if target is None]
        left = pa.array([normalize(texts[row]) for row in rows], pa.string())
        for rule in self.rules:
            if not rows:
                break
            matches = pc.match_substring_regex(left, rule.whole).to_pylist()
            if any(matches):
                written = pc.replace_substring_regex(left, rule.whole, rule.answer, max_replacements=1).to_pylist()
                for row, matched, answer in zip(rows, matches, written, strict=True):
                    found[row] = answer if matched else None
                rows = [row for row, matched in zip(rows, matches, strict=True) if not matched]
                left = left.filter(pa.array([not matched for matched in matches]))
        return found

    def save(self, folder: Path) -> None:
        """Write them to the folder of a version."""
        rules = [[rule.pattern, rule.answer] for rule in self.rules]
        text = json.dumps({"memory": self.memory.pairs, "rules": rules}, ensure_ascii=False, indent=0)
        (folder / KNOWN_ANSWERS_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "KnownAnswers | None":
        """Return those of a model's folder; None where it has none.

        Raises:
            UserError: the file is another.
        """
        file = folder / KNOWN_ANSWERS_FILE
        if not file.is_file():
            return None
        try:
            read = json.loads(file.read_text(encoding="utf-8"))
            rules = [AnswerRule(str(pattern), str(answer)) for pattern, answer in read["rules"]]
            return cls(ExactMatches((str(source), str(target)) for source, target in read["memory"]), rules)
        except (ValueError, TypeError, LookupError, RecursionError):
            raise UserError(f"{file} is damaged: fetch this version again") from None
