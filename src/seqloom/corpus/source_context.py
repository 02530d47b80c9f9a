"""Context of a source: targets of similar training pairs and entries of a knowledge table, joined to its text.

A model reads `source ⦀ target ⦀ entry`: Bulte and Tezcan 2019, https://aclanthology.org/P19-1175. The corpus stage
writes the context of each row beside the splits, and what it is made of into one file, which a checkpoint keeps: so an
answer is looked up as the training rows were. A version without context is read where there is no safetensors.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqloom.artifact.damaged_folder import damage_reported
from seqloom.corpus.knowledge_table import KnowledgeTable
from seqloom.corpus.translation_memory import TranslationMemory
from seqloom.recipe.glossary import Term

SEPARATOR = "⦀"  # punctuation, so no token crosses it; before each part of the context
CONTEXT_FILE = "context.safetensors"


@dataclass(frozen=True)
class SourceContext:
    """Translation memory and knowledge table of a recipe."""

    memory: TranslationMemory | None
    matches: int = 0  # pairs of the memory joined to a source at most
    least: float = 0.0  # similarity of them
    knowledge: KnowledgeTable = field(default_factory=lambda: KnowledgeTable([]))

    def context_of(self, text: str, *, of_training: bool = False) -> str:
        """Return the context of a text, empty if there is none; see `TranslationMemory.nearest` for `of_training`."""
        if not text.strip():
            return ""
        parts: list[str] = []
        if self.memory:
            found = self.memory.nearest(text, self.matches, self.least, of_training=of_training)
            parts += [match.target for match in found]
        parts += self.knowledge.entries_for(text)
        return " ".join(f"{SEPARATOR} {part}" for part in parts)

    def joined(self, texts: Sequence[str]) -> list[str]:
        """Return each text with its context."""
        return [join_context(text, self.context_of(text)) for text in texts]

    def save(self, folder: Path) -> None:
        """Write all of it to the folder of a corpus."""
        from safetensors.numpy import save_file

        arrays: dict[str, NDArray[Any]] = dict(self.memory.arrays()) if self.memory else {}
        settings = {"matches": self.matches, "least": self.least, "knowledge": self.knowledge.rows()}
        arrays["settings"] = np.frombuffer(json.dumps(settings, ensure_ascii=False).encode(), np.uint8)
        save_file(arrays, folder / CONTEXT_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what `save` wrote; None where sources have no context.

        Raises:
            UserError: the file is damaged.
        """
        if not (folder / CONTEXT_FILE).is_file():
            return None
        from safetensors.numpy import load_file  # that only versions with a context need

        with damage_reported(folder):
            arrays: Mapping[str, NDArray[Any]] = load_file(folder / CONTEXT_FILE)
            settings = json.loads(arrays["settings"].tobytes())
            memory = TranslationMemory.from_arrays(arrays) if "pairs" in arrays else None
            terms = [Term(term, (entry,)) for term, entry in settings["knowledge"]]
            return cls(memory, settings["matches"], settings["least"], KnowledgeTable(terms))


def join_context(text: str, context: str) -> str:
    """Return a text followed by its context."""
    return f"{text} {context}" if context else text
