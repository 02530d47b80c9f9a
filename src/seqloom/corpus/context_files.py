"""The context of each row of a corpus, in a Parquet file beside each split."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from seqloom.corpus import SPLITS
from seqloom.corpus.corpus_files import CONTEXT_SCHEMA, TableWriter, context_path, iterate_split
from seqloom.corpus.knowledge_table import KnowledgeTable, read_knowledge
from seqloom.corpus.source_context import SourceContext
from seqloom.corpus.translation_memory import TranslationMemory
from seqloom.progress import Progress
from seqloom.recipe.schema import CorpusSection


def write_contexts(section: CorpusSection, folder: Path, progress: Progress) -> dict[str, Any]:
    """Write the contexts of all rows of a corpus, and what they are made of, to its folder; return the facts.

    The memory holds training pairs alone, so that neither validation nor test rows are in anyone's context.
    """
    if not section.memory and not section.knowledge:
        return {}
    terms = read_knowledge(Path(section.knowledge)) if section.knowledge else []
    memory = TranslationMemory.of(_training_pairs(folder)) if section.memory else None
    context = SourceContext(memory, section.memory, section.memory_similarity, KnowledgeTable(terms))
    context.save(folder)
    found: dict[str, float] = {}
    done = 0
    for split in SPLITS:
        rows = with_context = 0
        writer = TableWriter(context_path(folder, split), CONTEXT_SCHEMA)
        for frame in iterate_split(folder, split, ("source",), rows=1000):
            texts = [context.context_of(text, of_training=split == "train") for text in frame["source"]]
            writer.add(pa.array(texts, pa.string()))
            rows, with_context, done = rows + len(texts), with_context + sum(map(bool, texts)), done + len(texts)
            progress(done, None, "rows", "looking up contexts")
        writer.close()
        found[split] = round(with_context / rows, 4)
    return {"context": {"pairs": len(memory.pairs) if memory else 0, "entries": len(terms), "rows_with": found}}


def _training_pairs(folder: Path) -> list[tuple[str, str]]:
    return [
        pair for frame in iterate_split(folder, "train") for pair in zip(frame["source"], frame["target"], strict=True)
    ]
