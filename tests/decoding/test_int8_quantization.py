"""8-bit quantization: size, accuracy, and independence of the batch."""

from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from seqloom.decoding.checkpoint_export import EXPORT_BACKENDS, export
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.decoding.int8_quantization import LARGEST, Int8Linear, to_int8
from seqloom.recipe import schema as recipe_schema
from tests.registry.tiny import write_checkpoint

WIDE = {"encoder_width": 96, "decoder_width": 96}
MODELS: list[dict[str, Any]] = [
    {"encoder": "lstm", "decoder": "lstm", "attention": "additive"},
    {"encoder": "gru", "decoder": "gru", "attention": "multiplicative", "input_feeding": True},
    {"encoder": "rnn", "decoder": "rnn", "attention": "none", "tie_embeddings": False},
    {"encoder": "cnn", "decoder": "cnn"},
    {"encoder": "transformer", "decoder": "transformer", "heads": 4},
]
TEXTS = ["a small dog", "dog dog dog a small dog", "", "small"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model["decoder"]))
def test_every_architecture_answers_as_before_and_is_smaller(tmp_path: Path, model: dict[str, Any]) -> None:
    (tmp_path / "made").mkdir()
    made = write_checkpoint(tmp_path / "made", model={**WIDE, **model}, vectors={"width": 96})
    export(made, tmp_path / "small", "torch-int8")
    before, after = Generator.load(made), load_generator(tmp_path / "small")
    assert isinstance(after, Generator)
    greedy = before.decoding.__class__(**{**vars(before.decoding), "beam_size": 1})
    for old, new in zip(before.answer(TEXTS, greedy), after.answer(TEXTS, greedy), strict=True):
        assert new[0].score == pytest.approx(old[0].score, abs=0.02)
    sizes = [(folder / "weights.safetensors").stat().st_size for folder in (made, tmp_path / "small")]
    assert sizes[1] < 0.6 * sizes[0]
    assert [module for module in after.model.modules() if isinstance(module, Int8Linear)]
    stored = load_file(tmp_path / "small" / "weights.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.int8, torch.float32}


def test_a_recipe_may_ask_for_every_backend_and_for_none() -> None:
    annotation = recipe_schema.RegistrySection.model_fields["backend"].annotation
    assert set(get_args(annotation)) == {"torch", *EXPORT_BACKENDS}


def test_no_answer_depends_on_its_company() -> None:
    torch.manual_seed(1)
    layer = Int8Linear(nn.Linear(128, 256))
    rows = torch.randn(5, 3, 128) * torch.tensor([1.0, 1e-3, 1e3, 0.0, 1.0]).view(5, 1, 1)
    together = layer(rows)
    assert together.shape == (5, 3, 256)
    for row, expected in zip(rows, together, strict=True):
        assert torch.equal(layer(row.unsqueeze(0)).squeeze(0), expected)


def test_rounding_is_half_a_step_at_most() -> None:
    torch.manual_seed(2)
    rows = torch.cat([torch.randn(6, 50), torch.zeros(1, 50)])
    whole, scale = to_int8(rows)
    assert int(whole.abs().max()) == LARGEST
    assert ((whole.float() * scale - rows).abs() <= scale / 2 * 1.001).all()
    assert torch.isfinite(scale).all()


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize(("inside", "outside"), [(256, 64), (1, 64), (64, 1), (1, 1)])
def test_a_layer_is_nearly_the_layer(biased: bool, inside: int, outside: int) -> None:
    torch.manual_seed(3)
    linear = nn.Linear(inside, outside, bias=biased)
    inputs = torch.randn(7, inside)
    exact = linear(inputs)
    assert (Int8Linear(linear)(inputs) - exact).abs().max() < 0.02 * exact.abs().max()
