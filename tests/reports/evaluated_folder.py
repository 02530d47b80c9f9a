"""An evaluation whose answers are right but for some, with text that pages must escape and draw."""

from pathlib import Path

import pandas as pd

from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.stage import evaluate
from seqloom.progress import unwatched
from seqloom.recipe.schema import Recipe
from seqloom.reports.evaluation_folder import EvaluationFolder

HOSTILE = "<script>alert(1)</script>"
NUMBERS = range(40)
TRAIN = pd.DataFrame({"source": [f"old {n * 7919}" for n in NUMBERS], "target": [f"alt {n * 7919}" for n in NUMBERS]})
TEST = pd.DataFrame(
    {
        "source": [*(f"new thing {n * 104729}" for n in NUMBERS), f"a {HOSTILE} row", "old 7919", "العربية هنا"],
        "target": [*(f"neues Ding {n * 104729}" for n in NUMBERS), f"eine {HOSTILE} Zeile", "alt 7919", "早上好 नदी"],
    }
)
HISTORY = [{"step": 1, "epoch": 0, "train/loss": 4.0}, {"step": 1, "epoch": 1, "validation/loss": 3.5}]
WORDS = {
    "side": "source",
    "words": [
        {"word": word, "x": x / 9, "y": (x * 7 % 19 - 9) / 9}
        for x, word in zip(range(-9, 10), ["the", "العربية", "早上好", "नदी", HOSTILE, "a" * 40] * 4, strict=False)
    ],
    "variance": 0.41,
    "neighbors": {"▁the": ["▁a", HOSTILE], "早": ["上"]},
    "similarity": {"file": "pairs.txt", "pairs": 10, "known": 7, "spearman": 0.512},
    "analogies": {"file": "questions.txt", "questions": 9, "known": 0},
}
EXPOSED = {
    "mean": 9.2,
    "most": 12.5,
    "bits": 29.9,
    "candidates": 500,
    "canaries": [{"prompt": f"the number of canary {n} is", "exposure": 12.5 - n, "rank": 1.0} for n in range(3)],
}
RIGHT = dict(zip(TEST["source"], TEST["target"], strict=True))


def evaluated(folder: Path, wrong: int) -> EvaluationFolder:
    """Answer every row rightly but some."""
    tree = {
        "name": "a",
        "corpus": {"train": ["a.tsv"], "target_language": "de"},
        "evaluation": {"adversarial_budget": 4},
    }
    texts = TEST["source"].tolist()
    answers = {text: "ganz falsch" if row < wrong else RIGHT[text] for row, text in enumerate(texts)}
    folder.mkdir()
    evaluate(
        lambda sources, _: {
            "prediction": [answers.get(source, HOSTILE) for source in sources],
            "confidence": [0.9 if answers.get(source) == RIGHT.get(source) else 0.2 for source in sources],
        },
        Likelihood(2.0, 0.5, 10),
        TRAIN,
        TEST,
        Recipe.model_validate(tree),
        HISTORY,
        folder,
        unwatched,
        of_model={"exposure": EXPOSED, "word_vectors": WORDS},
    )
    return EvaluationFolder(folder, f"model {wrong}", training={"parameters": 7, "steps": 3, "epochs": 1})
