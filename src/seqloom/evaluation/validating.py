"""Scores of the validation split while training goes on; training itself knows neither decoding nor scores."""

from pathlib import Path

from seqloom.batches.length_limit import LengthLimit
from seqloom.corpus.reading import read_split
from seqloom.decoding.reading import generator_of
from seqloom.evaluation.kinds.choosing import judge_of
from seqloom.evaluation.kinds.judge import HeldOut
from seqloom.evaluation.sample import sample_by_text
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.recipe.schema import Recipe
from seqloom.vocabulary.building import load_vocabularies

ROWS = 1000  # decoded at most: enough to tell epochs apart, little enough to do after each


def rows_scored(task: str, rows: int) -> int:
    """How many of so many validation rows choose the epoch: of labels all, for none has to be searched for."""
    return rows if kind_of(task).answer == "label" else min(rows, ROWS)


def validation_text(corpus: str, vocabulary: str, batches: str, recipe: str) -> "ValidationText":
    """The same from places, the recipe's being its JSON file: for a training that runs in another process."""
    text = Path(recipe).read_text(encoding="utf-8")
    return ValidationText(Path(corpus), Path(vocabulary), Path(batches), Recipe.model_validate_json(text))


class ValidationText:
    """Answers validation sources greedily and scores that."""

    def __init__(self, corpus: Path, vocabulary: Path, batches: Path, recipe: Recipe) -> None:
        self.task = recipe.task
        self.judge = judge_of(recipe.task)
        table = read_split(corpus, "validation")
        table = sample_by_text(table, rows_scored(recipe.task, len(table)))
        self.rows = HeldOut.of(table, recipe.corpus.target_language)
        self.source, self.target = load_vocabularies(vocabulary)
        self.limit = LengthLimit.load(batches)
        self.decoding = recipe.decoding.model_copy(update={"method": "beam", "beam_size": 1})

    def __call__(self, model: EncoderDecoder) -> dict[str, float]:
        """The judged scores of `model` as it stands."""
        generator = generator_of(self.task, model, self.source, self.target, self.decoding, self.limit)
        replies = generator.columns(generator.answer(self.rows.sources, self.decoding))
        return {name: self.judge.count(name, replies, self.rows).figure for name in self.judge.kind.judged}
