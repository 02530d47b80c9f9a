"""A model that reads features, from its training to a request, a file and a batch of files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom import pipeline
from seqloom.batch_inference.input_table import open_input
from seqloom.batch_inference.replies import replies_to
from seqloom.corpus.framed_text import request_columns
from seqloom.decoding.generator_loader import load_together
from seqloom.decoding.predictor import Predictor
from seqloom.errors import UserError
from seqloom.evaluation.eval_rows import read_test_rows
from seqloom.evaluation.file_evaluation import evaluate_rows
from seqloom.progress import unwatched
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.schema import CorpusSection

SOUNDS = {letter: np.eye(4, dtype=np.float32)[number] for number, letter in enumerate("abcd")}
TINY = {"encoder_width": 8, "decoder_width": 8, "heads": 2, "feedforward_width": 8, "encoder_layers": 1}


def frames_for(word: str) -> list[list[float]]:
    return [row for letter in word for row in [SOUNDS[letter].tolist()] * 2]


@pytest.fixture(params=["translation", "sentiment"], scope="module")
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pipeline.TextModel]:
    with pytest.MonkeyPatch.context() as environment:
        folder = tmp_path_factory.mktemp("spoken")
        environment.setenv("SEQLOOM_HOME", str(folder / "home"))
        yield train(request.param, folder)


def train(task: str, folder: Path) -> pipeline.TextModel:
    words = [first + second + third for first in "abcd" for second in "abcd" for third in "abcd"]
    labels = [word[0] if task == "sentiment" else " ".join(word) for word in words]
    features = [frames_for(word) for word in words]
    sources = [f"take {number}" for number in range(len(words))]
    pq.write_table(pa.table({"source": sources, "target": labels, "sound": features}), folder / "rows.parquet")
    decoder = {"decoder": "classifier"} if task == "sentiment" else {"decoder": "gru", "decoder_layers": 1}
    return pipeline.train(
        {
            "name": "spoken",
            "task": task,
            "corpus": {
                "train": [str(folder / "rows.parquet")],
                "features": "sound",
                "feature_role": "instead" if task == "translation" else "beside",
                "validation_share": 0.2,
                "test_share": 0.2,
            },
            "vocabulary": {"kind": "word", "min_frequency": 1},
            "vectors": {"width": 8, "method": "none"},
            "model": {"encoder": "gru" if task == "translation" else "transformer", **TINY, **decoder},
            "training": {"epochs": 1, "batch_tokens": 200},
        }
    )


def test_from_training_to_every_way_to_ask(trained: pipeline.TextModel, tmp_path: Path) -> None:
    texts = trained.test["source"].tolist()
    answers = trained.predict(texts)
    assert trained.predict(texts[:1]) == answers[:1], "whatever stands beside it"
    assert trained.evaluate()
    together = load_together([trained.folder, trained.folder], ["one", "two"])
    assert together.generate(texts) == answers
    predictor = Predictor.load(trained.folder)
    columns = request_columns(texts)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert predictor(rows, {})["prediction"] == answers
    if "probabilities" not in predictor.generator.column_types:
        with pytest.raises(UserError, match="protect and glossary are for models that write a text for a text alone"):
            predictor(rows, {"protect": "numbers"})
    for wrong, why in (
        ("text alone", "row 0 has no features"),
        ({"source": "x", "features": [[1.0]]}, "row 0: features are 1 wide where 4 are expected"),
        ({"source": "x", "features": [[float("inf")] * 4]}, "row 0: features hold NaN or infinity"),
    ):
        with pytest.raises(UserError, match=why):
            predictor([wrong], {})
    pq.write_table(pa.table({"source": columns["source"], "sound": columns["features"]}), tmp_path / "new.parquet")
    [shard] = open_input(tmp_path / "new.parquet", "auto", "source", "sound").shards(1000)
    replies = [reply for part in replies_to(shard, trained.generator, 100, 0) for reply in part]
    assert [(columns or {}).get("prediction") for columns, _ in replies] == answers
    (tmp_path / "new.txt").write_text("one\n")
    with pytest.raises(UserError, match=r"has no column 'sound'.*neither new\.sound\.npy nor"):
        open_input(tmp_path / "new.txt", "auto", "source", "sound")


def test_a_row_without_features_fails_alone(trained: pipeline.TextModel, tmp_path: Path) -> None:
    sound: list[Any] = [frames_for("abc"), None]
    pq.write_table(pa.table({"source": ["one", "two"], "sound": sound}), tmp_path / "new.parquet")
    [shard] = open_input(tmp_path / "new.parquet", "auto", "source", "sound").shards(10)
    [[good, bad]] = replies_to(shard, trained.generator, 100, 0)
    assert good[1] == ""
    assert bad == (None, "row 1 has no features: give it a vector or a list of vectors")


def test_a_file_with_features_is_scored(trained: pipeline.TextModel, tmp_path: Path) -> None:
    recipe = read_recipe(trained.folder)
    section = CorpusSection(train=recipe.corpus.train, features="sound", feature_role=recipe.corpus.feature_role)
    rows = read_test_rows(section, tmp_path, keep=False)
    found = evaluate_rows(recipe, trained.generator, rows, [], unwatched)
    assert (found.rows, found.unreadable) == (64, [])
    assert found.table["source"].tolist() == [f"take {number}" for number in range(64)]
