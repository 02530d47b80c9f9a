"""Text scores of the validation split while training goes on; training itself knows neither decoding nor scores."""

from pathlib import Path

from seqloom.corpus.reading import read_split
from seqloom.decoding.generator import Generator
from seqloom.evaluation.scores import text_scores
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.recipe.schema import Recipe
from seqloom.vocabulary.building import load_vocabularies

ROWS = 1000  # decoded at most: enough to tell epochs apart, little enough to do after each


def validation_text(corpus: str, vocabulary: str, recipe: str) -> "ValidationText":
    """The same from places, the recipe's being its JSON file: for a training that runs in another process."""
    text = Path(recipe).read_text(encoding="utf-8")
    return ValidationText(Path(corpus), Path(vocabulary), Recipe.model_validate_json(text))


class ValidationText:
    """Decodes validation sources greedily and scores them."""

    def __init__(self, corpus: Path, vocabulary: Path, recipe: Recipe) -> None:
        self.rows = read_split(corpus, "validation").head(ROWS)
        self.source, self.target = load_vocabularies(vocabulary)
        self.language = recipe.corpus.target_language
        self.decoding = recipe.decoding.model_copy(update={"beam_size": 1})

    def __call__(self, model: EncoderDecoder) -> dict[str, float]:
        """BLEU and chrF of `model` as it stands."""
        generator = Generator(model, self.source, self.target, self.decoding)
        hypotheses = generator.generate(self.rows["source"].tolist())
        scores = text_scores(hypotheses, self.rows["target"].tolist(), self.language)
        return {name: score.value for name, score in scores.items()}
