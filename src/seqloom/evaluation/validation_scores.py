"""Validation metrics during training, computed from greedy answers; a callback, as training imports no decoding."""

from pathlib import Path

from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.source_context import SourceContext
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.generator_loader import generator_of
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.row_sample import sample_by_text
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.vocabulary.stage import load_vocabularies

ROWS = 1000  # decoded after each epoch, at most


def rows_scored(task: str, rows: int) -> int:
    """Return how many of the validation rows are scored after each epoch: for labels all, since no search is needed."""
    return rows if application_of(task).answer == "label" else min(rows, ROWS)


def validation_text(corpus: str, vocabulary: str, dataset: str, recipe: str) -> "ValidationText":
    """Return a `ValidationText`, given paths; for training in another process. `recipe` is a JSON file."""
    text = Path(recipe).read_text(encoding="utf-8")
    return ValidationText(Path(corpus), Path(vocabulary), Path(dataset), Recipe.model_validate_json(text))


class ValidationText:
    """Score greedy answers to validation sources."""

    def __init__(self, corpus: Path, vocabulary: Path, dataset: Path, recipe: Recipe) -> None:
        self.task = recipe.task
        self.evaluator = evaluator_of(recipe.task)
        table = read_split(corpus, "validation")
        table = sample_by_text(table, rows_scored(recipe.task, len(table)))
        self.rows = EvalSet.of(table, recipe.corpus.target_language)
        self.source, self.target = load_vocabularies(vocabulary)
        self.limit, self.context = LengthLimit.load(dataset), SourceContext.load(dataset)
        self.frames_alone = recipe.corpus.feature_role == "instead"
        self.decoding = recipe.decoding.model_copy(update={"method": "beam", "beam_size": 1})

    def __call__(self, model: EncoderDecoder) -> dict[str, float]:
        """Return the metrics of `model` with its current weights."""
        sides = (self.source, self.target)
        generator = generator_of(self.task, model, *sides, self.decoding, self.limit, self.context, self.frames_alone)
        replies = generator.reply(self.rows.sources, self.decoding)
        return {name: self.evaluator.count(name, replies, self.rows).value for name in self.evaluator.kind.judged}
