"""CTranslate2 finds the same tokens as PyTorch, for every Transformer variant."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from seqloom.dataset.padded_batch import make_batch
from seqloom.decoding.backends import CTranslate2Backend, available_cores
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.predictor import Predictor
from seqloom.errors import UserError
from seqloom.models.model_factory import Sizes, build_model, save_checkpoint
from seqloom.recipe.recipe_json import write_recipe
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from tests.registry.tiny import recipe_named

pytest.importorskip("ctranslate2")

WORDS = [f"word{number}" for number in range(60)]
TEXTS = [" ".join(WORDS[(7 * n + k) % 60] for k in range(1 + n % 9)) for n in range(40)] + ["", "nobody knows this"]
TRANSFORMER = {
    "encoder": "transformer",
    "decoder": "transformer",
    "encoder_width": 32,
    "decoder_width": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "heads": 4,
    "feedforward_width": 48,
    "max_positions": 256,
}


def checkpoint(folder: Path, sharp: float = 3.0, **model: Any) -> Path:
    """A Transformer with opinions: fresh weights, the biases and norms not left at their neutral start."""
    recipe = recipe_named("fast", model={**TRANSFORMER, **model}, vectors={"width": 32}, vocabulary={"kind": "word"})
    vocabulary = train_vocabulary({f"▁{word}": 2 for word in WORDS}, recipe.vocabulary)
    for file in VOCABULARY_FILES:
        vocabulary.save(folder / file)
    torch.manual_seed(5)
    sizes = Sizes(len(vocabulary), len(vocabulary), 32, shared=False)
    made = build_model(recipe.model, sizes)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.3)
            elif "embedding" not in name:
                weight.mul_(sharp)
    save_checkpoint(made, sizes, folder)
    write_recipe(recipe, folder)
    return folder


@pytest.mark.parametrize("positions", ["sinusoidal", "learned", "rotary"])
@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("tied", [True, False])
def test_the_same_tokens_as_torch(tmp_path: Path, positions: str, norm: str, tied: bool) -> None:
    (tmp_path / "made").mkdir()
    made = checkpoint(tmp_path / "made", positions=positions, norm=norm, tie_embeddings=tied)
    export(made, tmp_path / "fast", "ctranslate2")
    decoding = recipe_named("fast").decoding.model_copy(update={"beam_size": 1})
    ours, theirs = (each.answer(TEXTS, decoding) for each in (Generator.load(made), load_generator(tmp_path / "fast")))
    assert [found[0].tokens for found in theirs] == [found[0].tokens for found in ours]
    assert [found[0].text for found in theirs] == [found[0].text for found in ours]
    scored_alike(Generator.load(made), load_generator(tmp_path / "fast"))
    wide = decoding.model_copy(update={"beam_size": 4, "length_penalty": 0.0})
    found = load_generator(tmp_path / "fast").answer(TEXTS[:3], wide)
    assert [len(each) for each in found] == [4, 4, 4]


WITHOUT_TORCH = """
import json, sys
from pathlib import Path

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from seqloom.decoding.predictor import Predictor
found = Predictor.load(Path(sys.argv[1]))(json.load(sys.stdin), {"n_best": 2, "return_scores": True})
print(json.dumps(found))
"""


def test_it_answers_where_there_is_no_torch(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    export(checkpoint(tmp_path / "made"), tmp_path / "fast", "ctranslate2")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path / "fast")],
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    params = {"n_best": 2, "return_scores": True}
    assert json.loads(done.stdout) == Predictor.load(tmp_path / "fast")(TEXTS, params)


def scored_alike(torchs: Generator, engines: Generator) -> None:
    """The log-probability of every token of texts that neither would write."""
    assert isinstance(engines.backend, CTranslate2Backend)
    sources, targets = torchs.encode(TEXTS[:40]), torchs.encode(TEXTS[39::-1])
    batch = make_batch(sources, targets)
    with torch.inference_mode():
        scores = torchs.model.project(torchs.model(batch)).log_softmax(dim=2)
    expected = scores.gather(2, batch.target_output.unsqueeze(2)).squeeze(2)
    tokens = ([[torchs.source.tokens[token] for token in ids] for ids in side] for side in (sources, targets))
    for row, found in enumerate(engines.backend._engine.score_batch(*tokens)):
        assert found.log_probs == pytest.approx(expected[row, : len(targets[row]) + 1].tolist(), abs=2e-3)


def test_int8_is_smaller_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    made = checkpoint(tmp_path / "made", feedforward_width=2048)
    export(made, tmp_path / "whole", "ctranslate2")
    export(made, tmp_path / "small", "ctranslate2-int8")
    whole, small = ((tmp_path / name / "model.bin").stat().st_size for name in ("whole", "small"))
    assert small < whole / 2
    assert json.loads((tmp_path / "small" / "export.json").read_text()) == {"backend": "ctranslate2-int8"}
    assert isinstance(load_generator(tmp_path / "small").backend, CTranslate2Backend)
    assert len(load_generator(tmp_path / "small").generate(TEXTS)) == len(TEXTS)


@pytest.mark.parametrize(
    ("model", "width", "reason"),
    [
        ({"encoder": "lstm"}, 32, "its encoder is lstm and not transformer"),
        ({"decoder": "gru"}, 32, "its decoder is gru and not transformer"),
        ({}, 16, "vectors.width, model.encoder_width and model.decoder_width are not the same"),
    ],
)
def test_what_it_cannot_run_is_refused(tmp_path: Path, model: dict[str, Any], width: int, reason: str) -> None:
    write_recipe(recipe_named("slow", model={**TRANSFORMER, **model}, vectors={"width": width}), tmp_path)
    with pytest.raises(UserError, match=f"CTranslate2 cannot run this model: {reason}"):
        export(tmp_path, tmp_path / "fast", "ctranslate2")


def test_a_text_has_one_thread_and_a_batch_all_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made").mkdir()
    export(checkpoint(tmp_path / "made"), tmp_path / "exported", "ctranslate2")
    for given, workers in (("3", 3), ("", len(os.sched_getaffinity(0)))):
        monkeypatch.setenv("OMP_NUM_THREADS", given)
        backend = load_generator(tmp_path / "exported").backend
        assert isinstance(backend, CTranslate2Backend)
        assert (available_cores(), backend._engine.num_translators) == (workers, workers)
